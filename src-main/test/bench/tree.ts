import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeLog } from '../../log.ts';
import { type RunningNode, startNode } from '../../node.ts';
import { KEPT, say } from './measure.ts';

export const FILES = 100_000;
const SEASONS = 2000;

/** Path of the n-th film, of the length and depth that series have. */
export function filmPath(n: number): string {
  const season = Math.floor((n * SEASONS) / FILES);
  const series = `The Long Series ${Math.floor(season / 4)} (2014)`;
  const name = `${series} - S0${season % 4}E${n % (FILES / SEASONS)} - An Episode of ${n} [Bluray-1080p].mkv`;
  return `${series}/Season 0${season % 4}/${name}`;
}

/** A library of 100,000 one-byte films in 2,000 folders, made once. */
export function makeTree(): string {
  const tree = path.join(KEPT, `tree-${FILES}`);
  if (existsSync(tree)) return tree;
  say(`making ${FILES} files in ${tree}, which stays for the next time`);
  const unfinished = `${tree}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  for (let n = 0; n < FILES; n++) {
    const file = path.join(unfinished, filmPath(n));
    if (n % (FILES / SEASONS) === 0) mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, '.');
  }
  renameSync(unfinished, tree);
  return tree;
}

/** A node that holds the tree as a library and takes its files for settled, however new they are. */
export async function nodeWithTree(
  dataDir: string,
  serve: boolean,
): Promise<{ node: RunningNode; scan: () => Promise<void> }> {
  const flags = { settleMinutes: 0, webPort: 0, rescanMinutes: 0 };
  const node = await startNode({ dataDir, flags, serve, log: makeLog('silent') });
  const { library } = await node.call('library.add', { path: makeTree(), watched: serve });
  const scan = async () => {
    const { files } = await node.call('library.scan', { library: library.id, prefix: '' });
    if (files !== FILES) throw new Error(`the scan found ${files} of ${FILES} files`);
  };
  return { node, scan };
}
