import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { dataPaths } from './config.ts';

const Instance = z.object({
  pid: z.int(),
  /** Where its page is; null for a worker. */
  url: z.string().nullable(),
});

/** The program that runs on a data folder. */
export type Instance = z.infer<typeof Instance>;

/** Tells the commands on a data folder that this program runs on it. @returns how to take it back */
export function noteInstance(file: string, url: string | null): () => void {
  writeFileSync(file, JSON.stringify({ pid: process.pid, url } satisfies Instance));
  return () => rmSync(file, { force: true });
}

/** What runs on a data folder; undefined for nothing, also where a note was left by what failed. */
export function readInstance(dataDir: string): Instance | undefined {
  try {
    const instance = Instance.parse(JSON.parse(readFileSync(dataPaths(dataDir).instance, 'utf8')));
    return isAlive(instance.pid) ? instance : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // Another user's.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
