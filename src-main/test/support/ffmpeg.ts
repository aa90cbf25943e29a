/** Scripts in the place of ffmpeg and ffprobe that hold, slow, or break a call of the real one. */
import { accessSync, appendFileSync, constants, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { selfTestMemory } from '../../platform/data-paths.ts';
import { tempFolder } from './temp.ts';
import { until } from './wait.ts';

/** The path of a program of the system. */
export function which(program: string, among = process.env.PATH ?? ''): string {
  for (const folder of among.split(path.delimiter)) {
    try {
      accessSync(path.join(folder, program), constants.X_OK);
      return path.join(folder, program);
    } catch {
      // Not in this one.
    }
  }
  throw new Error(`${program} is not in PATH`);
}

/**
 * Puts a shell script in the place of ffmpeg or ffprobe: it calls the real one as "$REAL", and `$encode` is 1 where the
 * call is an encode of a video, `$test` where it makes a picture of its own.
 * @param env of the real one, where it is not the first in this program's own PATH
 * @param isTested false has it self-tested like every new ffmpeg
 * @returns the environment that has it found first
 */
export function wrap(
  program: 'ffmpeg' | 'ffprobe',
  script: string,
  env: { PATH?: string } = process.env,
  isTested = true,
): { PATH: string } {
  const folder = tempFolder();
  const look = 'for a; do case $a in libsvtav1) encode=1;; lavfi) test=1;; esac; done';
  const head = `#!/bin/sh\nREAL='${which(program, env.PATH)}'\nencode=0\ntest=0\n${look}\n[ $test = 1 ] && encode=0\n`;
  writeFileSync(path.join(folder, program), `${head}${script}\n`, { mode: 0o755 });
  if (isTested) rememberAsTested(which(program, env.PATH), path.join(folder, program));
  return { PATH: `${folder}${path.delimiter}${env.PATH}` };
}

/** Has a program that stands in the place of a real one pass for tested where that one has passed its self-test. */
function rememberAsTested(real: string, stand: string): void {
  const memory = selfTestMemory();
  if (!existsSync(memory)) return;
  const place = (file: string) => {
    const { size, mtimeMs } = statSync(file);
    return JSON.stringify([file, size, mtimeMs]);
  };
  const tested = readFileSync(memory, 'utf8')
    .split('\n')
    .filter((line) => line.includes(place(real)));
  appendFileSync(memory, tested.map((line) => `${line.replace(place(real), place(stand))}\n`).join(''));
}

/** Encodes that wait before they begin until {@link Gate.open}. */
export interface Gate {
  env: { PATH: string };
  /** Resolves when an encode waits. */
  reached: () => Promise<void>;
  open: () => void;
}

/** Holds every encode at a gate, so that a test can do something at that moment. */
export function makeGate(): Gate {
  const folder = tempFolder();
  const [waits, opened] = [path.join(folder, 'waits'), path.join(folder, 'open')];
  const hold = `touch '${waits}'; until [ -e '${opened}' ]; do sleep 0.05; done`;
  return {
    env: wrap('ffmpeg', `if [ $encode = 1 ]; then ${hold}; fi\nexec "$REAL" "$@"`),
    reached: () => until(() => accessSync(waits)),
    open: () => writeFileSync(opened, ''),
  };
}

/** Encodes at the speed of playing, their process numbers written to `pids`: one is caught in the middle of it. */
export function slowEncodes(of: { PATH?: string } = process.env): { env: { PATH: string }; pids: () => number[] } {
  const log = path.join(tempFolder(), 'pids');
  writeFileSync(log, '');
  return {
    env: wrap('ffmpeg', `[ $encode = 1 ] && echo $$ >> '${log}' && exec "$REAL" -re "$@"\nexec "$REAL" "$@"`, of),
    pids: () => readFileSync(log, 'utf8').split('\n').filter(Boolean).map(Number),
  };
}

/** Calls of a program with `argument` among its arguments that take a minute, their process numbers written to `pids`. */
export function slowCalls(
  program: 'ffmpeg' | 'ffprobe',
  argument: string,
): { env: { PATH: string }; pids: () => number[] } {
  const log = path.join(tempFolder(), 'pids');
  writeFileSync(log, '');
  // ffmpeg, which catches signals, is slowed down itself.
  const slow = program === 'ffmpeg' ? 'exec "$REAL" -readrate 0.2 "$@"' : 'exec sleep 60';
  const hold = `[ $test = 0 ] && case "$*" in *'${argument}'*) echo $$ >> '${log}'; ${slow};; esac`;
  return {
    env: wrap(program, `${hold}\nexec "$REAL" "$@"`),
    pids: () => readFileSync(log, 'utf8').split('\n').filter(Boolean).map(Number),
  };
}
