import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Caller } from '../../../src-shared/contract/index.ts';
import { startNode } from '../../app/start-node.ts';
import type { RunningNode } from '../../app/types.ts';
import { remoteCaller } from '../../cli/connect.ts';
import { makeLog } from '../../log/logger.ts';
import { whenServing } from '../support/instance.ts';
import { FLOTILLA, KEPT, say } from './measure.ts';

export const FILES = 100_000;
const SEASONS = 2000;

/** Path of the n-th video, of the length and depth that series have. */
export function videoPath(n: number): string {
  const season = Math.floor((n * SEASONS) / FILES);
  const series = `The Long Series ${Math.floor(season / 4)} (2014)`;
  const name = `${series} - S0${season % 4}E${n % (FILES / SEASONS)} - An Episode of ${n} [Bluray-1080p].mkv`;
  return `${series}/Season 0${season % 4}/${name}`;
}

/** A library of 100,000 one-byte videos in 2,000 folders, made once. */
export function makeTree(): string {
  const tree = path.join(KEPT, `tree-${FILES}`);
  if (existsSync(tree)) return tree;
  say(`making ${FILES} files in ${tree}, which stays for the next time`);
  const unfinished = `${tree}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  for (let n = 0; n < FILES; n++) {
    const file = path.join(unfinished, videoPath(n));
    if (n % (FILES / SEASONS) === 0) mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, '.');
  }
  renameSync(unfinished, tree);
  return tree;
}

/** Settings with which the tree's files count as settled, however new they are. */
const FLAGS = { settleMinutes: 0, webPort: 0, rescanMinutes: 0 };

/** A node in this process that watches the tree. */
export async function nodeWithTree(dataDir: string): Promise<{ node: RunningNode; scan: () => Promise<void> }> {
  const node = await startNode({ dataDir, flags: FLAGS, serve: true, log: await makeLog('silent') });
  return { node, scan: await scanOfTree(node.call, true) };
}

/** The built program serving in a process of its own, with the tree as a library that it does not look into. */
export async function serverWithTree(
  dataDir: string,
): Promise<{ scan: () => Promise<void>; stop: () => Promise<void> }> {
  const args = [FLOTILLA, 'serve', '--data', dataDir, '--port', '0', '--settle', '0'];
  const child = spawn(process.execPath, args, { stdio: 'ignore' });
  const { url } = await whenServing({ pid: child.pid ?? 0, end: () => once(child, 'exit') }, dataDir);
  const token = readFileSync(path.join(dataDir, 'token'), 'utf8');
  return {
    scan: await scanOfTree(remoteCaller(url, token), false),
    stop: async () => {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

/** Makes the tree a library; returns how to scan it. */
async function scanOfTree(call: Caller, watched: boolean): Promise<() => Promise<void>> {
  const { library } = await call('library.add', { path: makeTree(), watched });
  return async () => {
    const { files } = await call('library.scan', { library: library.id, prefix: '' });
    if (files !== FILES) throw new Error(`the scan found ${files} of ${FILES} files`);
  };
}
