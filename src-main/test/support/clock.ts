import { writeFileSync } from 'node:fs';
import path from 'node:path';

/** The wall clock of a process, set from outside while the process runs; its monotonic clock stays as it is. */
export interface AdjustableClock {
  /** Environment variables that give a process this clock. */
  env: { NODE_OPTIONS: string };
  /** Sets by how much the clock is wrong from now on, in ms. */
  set: (offset: number) => void;
}

/** Makes an adjustable wall clock that keeps its files in `folder` and starts out wrong by `offset` ms. */
export function makeClock(folder: string, offset: number): AdjustableClock {
  const [shim, file] = [path.join(folder, 'clock.cjs'), path.join(folder, 'offset')];
  const set = (to: number) => writeFileSync(file, String(to));
  set(offset);
  writeFileSync(
    shim,
    `const { readFileSync } = require('node:fs');
    const Real = Date;
    let offset = 0;
    const look = () => { offset = Number(readFileSync(${JSON.stringify(file)}, 'utf8')) || offset; };
    look();
    setInterval(look, 20).unref();
    const now = () => Real.now() + offset;
    globalThis.Date = class extends Real {
      constructor(...args) { if (args.length > 0) super(...args); else super(now()); }
      static now() { return now(); }
    };`,
  );
  return { env: { NODE_OPTIONS: `--require=${shim}` }, set };
}
