import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { FILE_SORTS } from '../../../src-shared/file-view.ts';
import { Batches } from '../../db/batches.ts';
import { FileList } from '../../db/file-list.ts';
import { openDatabase } from '../../db/open.ts';
import { fillFilms } from '../films.ts';
import { type Bench, measured, median, type Report, say } from './measure.ts';
import { FILES } from './tree.ts';

const REPETITIONS = 5;
/** Films that are acted on before anybody else is answered. */
const BATCH = 2000;
/** Nobody else is answered meanwhile, so that nothing may take longer than this, in ms. */
const GOAL = 200;

/** What the library page asks for, with 100,000 films. */
export const lists: Bench = async (folder) => {
  mkdirSync(folder, { recursive: true });
  const { db } = openDatabase(path.join(folder, 'flotilla.db'), path.join(folder, 'backups'));
  say(`lists: making ${FILES} films`);
  fillFilms(db, FILES);
  const list = new FileList(db);
  const report: Report = {};
  const note = (name: string, work: () => unknown) => {
    const times = Array.from({ length: REPETITIONS }, () => {
      const started = performance.now();
      work();
      return performance.now() - started;
    });
    report[name] = measured(median(times), 'ms', GOAL);
  };
  const whole = { filter: {}, descending: true, offset: 0, limit: 100 };
  for (const sort of FILE_SORTS) note(`first page by ${sort}`, () => list.page({ ...whole, sort }));
  note('middle of all by size', () => list.page({ ...whole, sort: 'size', offset: FILES / 2 }));
  const kind = { state: ['queued' as const], codec: ['h264'] };
  note('queued H.264 by size', () => list.page({ ...whole, sort: 'size', filter: kind }));
  for (const [what, search] of [
    ['many', 'episode'],
    ['few', 'episode 4711'],
    ['none', 'zzzz'],
    ['one letter', 'e'],
  ] as const) {
    note(`search: ${what}`, () => list.page({ ...whole, sort: 'path', filter: { search } }));
    note(`search: ${what}, counted`, () => list.tally({ search }));
  }
  note('counts of all kinds', () => list.tally({}));
  note('ids of all', () => list.ids({}));
  const batches = new Batches(db);
  const batch = list.ids({ state: ['failed', 'skipped', 'queued'] }).slice(0, BATCH);
  note('2,000 films skipped', () => batches.apply(batch, 'skip'));
  note('2,000 films queued', () => {
    batches.apply(batch, 'skip');
    batches.queue(batch);
  });
  db.close();
  return report;
};
