import { existsSync, readFileSync, rmSync } from 'node:fs';
import { z } from 'zod';
import { Fault, messageOf } from '../../../src-shared/util/errors.ts';
import { writeFileAtomic } from '../../fs/atomic-write.ts';
import { fingerprintOf } from '../../lan/device-identity.ts';
import type { Master } from './master-link.ts';

const Stored = z.object({
  name: z.string(),
  origin: z.string(),
  certificate: z.string(),
  invitation: z.string().optional(),
  places: z.array(z.string()).optional(),
});

/** Whether this computer works for a master, or did when it ended. */
export function hasMaster(file: string): boolean {
  return existsSync(file);
}

/** The next start asks which master to work for. */
export function forgetMaster(file: string): void {
  rmSync(file, { force: true });
}

/**
 * The master that is remembered in a file, if one is.
 * @throws Fault `conflict` when the file is damaged
 */
export function readMaster(file: string): Master | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const master = Stored.parse(JSON.parse(readFileSync(file, 'utf8')));
    fingerprintOf(master.certificate);
    return master;
  } catch (error) {
    throw new Fault(
      'conflict',
      `The file ${file}, which names the master of this computer, is damaged (${messageOf(error)}); remove it and pair this computer again.`,
      { cause: error },
    );
  }
}

/** Remembers a master for the next start. */
export function writeMaster(file: string, master: Master): Promise<void> {
  return writeFileAtomic(file, JSON.stringify(master, null, 2), 0o600);
}
