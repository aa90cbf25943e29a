import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Remembered } from './window-state.ts';

/** A small JSON file with the state of the shell; a file that can't be read or written is ignored. */
export class WindowStateStore {
  readonly #file: string;
  #now: Remembered;

  constructor(folder: string) {
    this.#file = path.join(folder, 'window.json');
    this.#now = read(this.#file);
  }

  get now(): Remembered {
    return this.#now;
  }

  note(changes: Partial<Remembered>): void {
    this.#now = { ...this.#now, ...changes };
    try {
      mkdirSync(path.dirname(this.#file), { recursive: true });
      writeFileSync(`${this.#file}.new`, JSON.stringify(this.#now));
      renameSync(`${this.#file}.new`, this.#file);
    } catch {
      // The next start begins with the standard.
    }
  }
}

function read(file: string): Remembered {
  try {
    return Remembered.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return Remembered.parse({});
  }
}
