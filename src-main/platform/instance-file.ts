import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { dataPaths } from './data-paths.ts';

const Instance = z.object({
  pid: z.int(),
  /** Address of the interface; null for a worker. */
  url: z.string().nullable(),
  /** TCP port for workers; null while none are accepted. */
  lanPort: z.int().nullable().default(null),
});

/** The program that runs on a data folder. */
export type Instance = z.infer<typeof Instance>;

/** Shows this program to the commands on a data folder: its process, and where it listens as soon as it does. */
export class InstanceFile {
  readonly #file: string;
  #instance: Instance = { pid: process.pid, url: null, lanPort: null };
  #isRemoved = false;

  constructor(file: string) {
    this.#file = file;
  }

  /** Writes the file, with these facts changed. Does nothing after {@link remove}: a port that closes last changes nothing. */
  write(changes: Partial<Omit<Instance, 'pid'>> = {}): void {
    if (this.#isRemoved) return;
    this.#instance = { ...this.#instance, ...changes };
    // Never half a file, which would look as if nothing ran.
    const unfinished = `${this.#file}.${process.pid}`;
    writeFileSync(unfinished, JSON.stringify(this.#instance));
    renameSync(unfinished, this.#file);
  }

  remove(): void {
    this.#isRemoved = true;
    rmSync(this.#file, { force: true });
  }
}

/** Returns the instance running on a data folder; undefined for none, also where a crash left the file. */
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
