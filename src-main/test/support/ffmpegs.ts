import path from 'node:path';
import { inject } from 'vitest';
import type { Tools } from '../../media/ffmpeg/capabilities.ts';

/** An ffmpeg to run tests with. */
export interface Ffmpeg {
  /** For titles: `ffmpeg 7.1.5`. */
  name: string;
  /** Its first two numbers, as one: 7.1. */
  release: number;
  /** The one of the system, with which every test runs. */
  installed: boolean;
  /** Where it and its ffprobe are. */
  folder: string;
  tools: Tools;
  /** Has the command line of Flotilla find it first; give it to `convert`, `run` and `start`. */
  env: { PATH: string };
}

/**
 * Every ffmpeg to run tests with, the installed one first; more come by FLOTILLA_TEST_FFMPEGS, a list of folders like PATH.
 *
 * What encodes, probes or verifies differs from version to version, so a test of it runs with each:
 *
 * ```ts
 * describe.each(FFMPEGS)('with $name', ({ tools, env }) => { … });
 * ```
 *
 * What is about files, queues or the network needs the installed one alone. A fixture is made with the installed one, and
 * looked into by it: then only what Flotilla does differs. Clips are short, as a start of a program alone may take a quarter of
 * a second. Where there are many kinds of a thing, {@link shareOf} them, or take {@link turnsOf} them.
 */
export const FFMPEGS: Ffmpeg[] = inject('ffmpegs').map(({ version, folder }, i) => {
  const program = (name: string) => path.join(folder, process.platform === 'win32' ? `${name}.exe` : name);
  return {
    name: `ffmpeg ${version}`,
    installed: i === 0,
    release: Number(/^\d+\.\d+/.exec(version)?.[0] ?? Number.POSITIVE_INFINITY),
    folder,
    tools: { ffmpeg: program('ffmpeg'), ffprobe: program('ffprobe') },
    env: { PATH: `${folder}${path.delimiter}${process.env.PATH}` },
  };
});

/** Every kind with every ffmpeg, which takes hours on a small computer. */
const IS_THOROUGH = process.env.FLOTILLA_TEST_ALL === '1';

/**
 * The kinds of a thing that are tested with this ffmpeg: all of them with the installed one, and each with one other, which
 * take turns; all of them with each by FLOTILLA_TEST_ALL=1.
 */
export function shareOf<T>(ffmpeg: Ffmpeg, kinds: readonly T[]): T[] {
  if (IS_THOROUGH) return [...kinds];
  const others = FFMPEGS.slice(1);
  return kinds.filter((_, i) => ffmpeg.installed || others[i % others.length]?.folder === ffmpeg.folder);
}

/**
 * The kinds of a thing that are tested with this ffmpeg where each is tested with one of them: for verdicts that are Flotilla's own, by
 * what every ffmpeg measures alike. Each is tested with each by FLOTILLA_TEST_ALL=1.
 */
export function turnsOf<T>(ffmpeg: Ffmpeg, kinds: readonly T[]): T[] {
  if (IS_THOROUGH) return [...kinds];
  return kinds.filter((_, i) => FFMPEGS[i % FFMPEGS.length]?.folder === ffmpeg.folder);
}
