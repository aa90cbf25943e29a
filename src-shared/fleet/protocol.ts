import { z } from 'zod';
import { Computer } from './worker-info.ts';

/** The versions of the language between master and worker that this Flotilla speaks; raised when a call changes its meaning. */
export const PROTOCOL: ProtocolRange = { oldest: 1, newest: 1 };

/** Six digits are good for this long, in ms; each side counts it by its own clock. */
export const PAIRING_TERM_MS = 300_000;

/** Default TCP port for workers. */
export const LAN_PORT = 8091;

const ProtocolRange = z.object({ oldest: z.int().positive(), newest: z.int().positive() });
export type ProtocolRange = z.infer<typeof ProtocolRange>;

/** SHA-256 of a certificate, in lower-case hexadecimal. */
export const Fingerprint = z.string().regex(/^[0-9a-f]{64}$/);

/** 128 bits of a fingerprint: no one can make a certificate that has the same. */
const DEVICE_ID_LENGTH = 32;
export const DeviceId = z.string().regex(/^[0-9a-f]{32}$/);

/** How records and lists call the computer with this certificate. */
export function deviceIdOf(fingerprint: string): string {
  return fingerprint.slice(0, DEVICE_ID_LENGTH);
}

/** A computer's name as it may be shown anywhere: no control characters, no line breaks. */
export const ComputerName = z
  .string()
  .trim()
  .min(1)
  .max(64)
  .regex(/^\P{C}+$/u);

/** A version of Flotilla: no words, because it is shown before its sender is trusted. */
export const ProgramVersion = z.string().regex(/^\d[\w.+-]{0,31}$/);

/** How a computer introduces itself. */
export const Greeting = z.object({
  name: ComputerName,
  device: DeviceId,
  /** Of the program. */
  version: ProgramVersion,
  protocol: ProtocolRange,
});
export type Greeting = z.infer<typeof Greeting>;

/** How a worker introduces itself to its master, on every connection. */
export const Hello = Greeting.extend({ computer: Computer });
export type Hello = z.infer<typeof Hello>;

/**
 * The newest version of the protocol that both sides speak; undefined when there is none.
 */
export function commonProtocol(one: ProtocolRange, other: ProtocolRange): number | undefined {
  const newest = Math.min(one.newest, other.newest);
  return newest >= Math.max(one.oldest, other.oldest) ? newest : undefined;
}

/**
 * Sentences of a worker and its master for their users when they have no protocol version in common.
 * @returns `worker`, to be read at the worker, and `master`, to be read at the master
 */
export function mismatch(worker: Greeting, master: Greeting): { worker: string; master: string } {
  const about = ({ name, version }: Greeting) => `${name} (Flotilla ${version})`;
  const workerIsOld = worker.protocol.newest < master.protocol.oldest;
  return workerIsOld
    ? {
        worker: `This computer runs Flotilla ${worker.version}, which is too old for ${about(master)}: update this computer.`,
        master: `${about(worker)} is too old for this Flotilla ${master.version}: update it there.`,
      }
    : {
        worker: `${about(master)} is too old for this Flotilla ${worker.version}: update it there.`,
        master: `This computer runs Flotilla ${master.version}, which is too old for ${about(worker)}: update this computer.`,
      };
}
