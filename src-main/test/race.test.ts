/** One install replaces films while another one, with a database of its own, takes up what it finds in their vault. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import pLimit from 'p-limit';
import { expect, test } from 'vitest';
import { FactTable } from '../db/facts.ts';
import { FileTable } from '../db/files.ts';
import { JobTable } from '../db/jobs.ts';
import { openDatabase } from '../db/open.ts';
import { SwapTable } from '../db/swaps.ts';
import { Vault } from '../master/vault.ts';
import { VaultClock } from '../master/vault-clock.ts';
import { seededRandom } from './crash.ts';
import { makeLibrary } from './library.ts';

/** How many films are replaced: `RACES=10000 npx vitest run … race.test.ts` takes some minutes. */
const RACES = Number(process.env.RACES ?? 60);
const SEED = Number(process.env.RACE_SEED ?? Date.now() % 1_000_000);

test(`${RACES} replacements lose nothing to another install that heeds no owner (seed ${SEED})`, {
  timeout: 60_000 + RACES * 500,
}, async () => {
  const { home, library, at, deliver, replace, state } = await makeLibrary();
  const { db } = openDatabase(path.join(home, 'other', 'flotilla.db'), path.join(home, 'other backups'));
  const tables = { swaps: new SwapTable(db), jobs: new JobTable(db, () => undefined), files: new FileTable(db) };
  const clock = new VaultClock({ facts: new FactTable(db) });
  const other = new Vault({ ...tables, lock: pLimit(1), clock, install: 'there' });
  const random = seededRandom(SEED);
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
  const ended = { done: 0, undone: 0 };
  for (let i = 0; i < RACES; i++) {
    const name = `film ${i}.${random() < 0.5 ? 'mkv' : 'mp4'}`;
    const { file, swap } = await deliver(name);
    await replace(swap).catch(() => undefined);
    ended[state(file) === 'done' ? 'done' : 'undone'] += 1;
  }
  isOver = true;
  await adopted;
  db.close();
  const contents = new Set<string>();
  const entries = await readdir(library, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((one) => one.isFile())) {
    contents.add(await readFile(path.join(entry.parentPath, entry.name), 'utf8'));
  }
  const lost = [];
  for (let i = 0; i < RACES; i++) {
    const [mkv, mp4] = [`film ${i}.mkv`, `film ${i}.mp4`];
    if (!contents.has(`original of ${mkv}`) && !contents.has(`original of ${mp4}`)) lost.push(i);
    const shown = await Promise.all([mkv, mp4].map((name) => readFile(at(name), 'utf8').catch(() => '')));
    if (!shown.some((content) => /^(original|result) of/.test(content))) lost.push(i);
  }
  console.log(`${ended.done} replaced, ${ended.undone} undone, ${lost.length} lost.`);
  expect(lost).toEqual([]);
});
