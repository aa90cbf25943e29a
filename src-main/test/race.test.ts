/** One install replaces videos while another one, with a database of its own, takes up what it finds in their vault. */
import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import pLimit from 'p-limit';
import { expect, test, vi } from 'vitest';
import { openDatabase } from '../db/open.ts';
import { FileTable } from '../db/tables/files.ts';
import { JobTable } from '../db/tables/jobs.ts';
import { KeyValueTable } from '../db/tables/key-value.ts';
import { SwapTable } from '../db/tables/swaps.ts';
import { makeLibraryLock } from '../master/library/library-lock.ts';
import { Vault } from '../master/vault/vault.ts';
import { VaultClock } from '../master/vault/vault-clock.ts';
import { randomFrom } from '../media/verify/windows.ts';
import { makeLibrary } from './support/library.ts';

/** How many videos are replaced: `RACES=10000 npx vitest run … race.test.ts` takes some minutes. */
const RACES = Number(process.env.RACES ?? 60);
const SEED = Number(process.env.RACE_SEED ?? Date.now() % 1_000_000);

test(`${RACES} replacements lose nothing to another install that ignores the owner (seed ${SEED})`, {
  timeout: 60_000 + RACES * 5000,
}, async () => {
  const { home, library, deliver, replace, state } = await makeLibrary();
  const { db } = openDatabase(path.join(home, 'other', 'flotilla.db'), path.join(home, 'other backups'));
  const tables = { swaps: new SwapTable(db), jobs: new JobTable(db, () => undefined), files: new FileTable(db) };
  const clock = new VaultClock({ facts: new KeyValueTable(db) });
  const other = new Vault({ ...tables, lock: makeLibraryLock(() => undefined), clock, install: 'there' });
  const random = randomFrom(SEED);
  const vault = path.join(library, '.flotilla/vault');
  let isOver = false;
  /** It is looked at what there is while the other one has nothing in its hands. */
  const turn = pLimit(1);
  const adopting = async () => {
    while (!isOver) {
      await turn(async () => {
        await other.adopt(vault, () => null).catch(() => undefined);
        // It looks at entries of which it knows nothing, as one that has just been installed.
        for (const { id } of tables.swaps.vault()) tables.swaps.forget(id);
      });
      await (random() < 0.5 ? nextTurn() : delay(random() * 3));
    }
  };
  const adopted = adopting();
  /** What the files of the library hold, by their names. */
  const contents = async () => {
    const entries = await readdir(library, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => path.join(parentPath, name));
    const read = async (file: string) => [path.relative(library, file), await readFile(file, 'utf8').catch(() => '')];
    return Object.fromEntries(await Promise.all(files.map(read))) as Record<string, string>;
  };
  const ended = { done: 0, undone: 0 };
  const lost: Record<string, unknown> = {};
  for (let i = 0; i < RACES; i++) {
    const name = `video ${i}.${random() < 0.5 ? 'mkv' : 'mp4'}`;
    const { file, swap } = await deliver(name);
    await replace(swap).catch(() => undefined);
    ended[state(file) === 'done' ? 'done' : 'undone'] += 1;
    const isThere = async () => {
      const there = await contents();
      const isShown = [swap.source, swap.target].some((place) => path.basename(place) in there);
      return isShown && Object.values(there).includes(`original of ${name}`);
    };
    // What a replacement left to be put back, the other one does in its next turn.
    const found = vi.waitUntil(() => turn(isThere), { timeout: 5000, interval: 5 });
    if (!(await found.catch(() => false))) lost[name] = await turn(contents);
    const over = [swap.source, swap.target, swap.kept, swap.kept.replace(/original$/, 'json')];
    await turn(() => Promise.all(over.map((file) => rm(file, { force: true }))));
  }
  isOver = true;
  await adopted;
  db.close();
  console.log(`${ended.done} replaced, ${ended.undone} undone, ${Object.keys(lost).length} lost.`);
  expect(lost).toEqual({});
});
