/** One install replaces films while another one, with a database of its own, takes up what it finds in their vault. */
import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import pLimit from 'p-limit';
import { expect, test, vi } from 'vitest';
import { FactTable } from '../db/facts.ts';
import { FileTable } from '../db/files.ts';
import { JobTable } from '../db/jobs.ts';
import { openDatabase } from '../db/open.ts';
import { SwapTable } from '../db/swaps.ts';
import { Vault } from '../master/vault.ts';
import { VaultClock } from '../master/vault-clock.ts';
import { randomFrom } from '../media/windows.ts';
import { makeLibrary } from './library.ts';

/** How many films are replaced: `RACES=10000 npx vitest run … race.test.ts` takes some minutes. */
const RACES = Number(process.env.RACES ?? 60);
const SEED = Number(process.env.RACE_SEED ?? Date.now() % 1_000_000);

test(`${RACES} replacements lose nothing to another install that heeds no owner (seed ${SEED})`, {
  timeout: 60_000 + RACES * 500,
}, async () => {
  const { home, library, deliver, replace, state } = await makeLibrary();
  const { db } = openDatabase(path.join(home, 'other', 'flotilla.db'), path.join(home, 'other backups'));
  const tables = { swaps: new SwapTable(db), jobs: new JobTable(db, () => undefined), files: new FileTable(db) };
  const clock = new VaultClock({ facts: new FactTable(db) });
  const other = new Vault({ ...tables, lock: pLimit(1), clock, install: 'there' });
  const random = randomFrom(SEED);
  const vault = path.join(library, '.flotilla/vault');
  let isOver = false;
  const adopting = async () => {
    while (!isOver) {
      await other.adopt(vault, () => null).catch(() => undefined);
      // It looks at entries of which it knows nothing, as one that has just been installed.
      for (const { id } of tables.swaps.vault()) tables.swaps.forget(id);
      await (random() < 0.5 ? nextTurn() : delay(random() * 3));
    }
  };
  const adopted = adopting();
  /** What the files of the library hold, whatever their names are at this moment. */
  const contents = async () => {
    const entries = await readdir(library, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => path.join(parentPath, name));
    return Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')));
  };
  const ended = { done: 0, undone: 0 };
  const lost: string[] = [];
  for (let i = 0; i < RACES; i++) {
    const name = `film ${i}.${random() < 0.5 ? 'mkv' : 'mp4'}`;
    const { file, swap } = await deliver(name);
    await replace(swap).catch(() => undefined);
    ended[state(file) === 'done' ? 'done' : 'undone'] += 1;
    // The other one may just have something under another name.
    const isThere = async () => {
      const places = [swap.source, swap.target].map((place) => readFile(place, 'utf8').catch(() => ''));
      const isShown = (await Promise.all(places)).some((content) => /^(original|result) of/.test(content));
      return isShown && (await contents()).includes(`original of ${name}`);
    };
    if (!(await vi.waitUntil(isThere, { timeout: 5000, interval: 5 }).catch(() => false))) lost.push(name);
    for (const film of [swap.source, swap.target, swap.kept]) await rm(film, { force: true });
  }
  isOver = true;
  await adopted;
  db.close();
  console.log(`${ended.done} replaced, ${ended.undone} undone, ${lost.length} lost.`);
  expect(lost).toEqual([]);
});
