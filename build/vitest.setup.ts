import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';

/** An ffmpeg that tests run with: its version, and the folder of it and its ffprobe. */
export interface TestFfmpeg {
  version: string;
  folder: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    ffmpegs: TestFfmpeg[];
    /** A folder for the clips of this run. */
    clips: string;
  }
}

/**
 * The installed ffmpeg, and those in the folders that FLOTILLA_TEST_FFMPEGS lists as PATH does.
 * @throws Error when one of them does not start: tests that silently ran without it would say nothing
 */
export function findFfmpegs(): TestFfmpeg[] {
  const foldersIn = (list = '') => list.split(path.delimiter).filter((folder) => folder !== '');
  const program = (folder: string) => path.join(folder, process.platform === 'win32' ? 'ffmpeg.exe' : 'ffmpeg');
  const installed = foldersIn(process.env.PATH).filter((folder) => existsSync(program(folder)));
  return [...new Set([...installed.slice(0, 1), ...foldersIn(process.env.FLOTILLA_TEST_FFMPEGS)])].map((folder) => {
    const said = execFileSync(program(folder), ['-version'], { encoding: 'utf8' });
    return { version: /^ffmpeg version ([\d.]+|\S+)/.exec(said)?.[1] ?? 'unknown', folder };
  });
}

/**
 * Builds once before all tests, so that they can start out/main/headless.js, and finds the ffmpegs to run them with.
 * @returns cleans up after all tests
 */
export default function setup(project: TestProject): () => void {
  execFileSync(process.execPath, [path.join(import.meta.dirname, 'setup.mjs'), '--build'], { stdio: 'inherit' });
  project.provide('ffmpegs', findFfmpegs());
  const clips = mkdtempSync(path.join(os.tmpdir(), 'flotilla-clips-'));
  project.provide('clips', clips);
  return () => rmSync(clips, { recursive: true, force: true });
}
