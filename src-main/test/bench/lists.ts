import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { FILE_SORTS } from '../../../src-shared/contract/file-view.ts';
import { openDatabase } from '../../db/open.ts';
import { BulkUpdates } from '../../db/tables/bulk-updates.ts';
import { FileList } from '../../db/tables/file-list.ts';
import { FolderList } from '../../db/tables/folder-list.ts';
import { fillVideos } from '../support/videos.ts';
import { type Bench, measured, median, type Report, say } from './measure.ts';
import { FILES } from './tree.ts';

const REPETITIONS = 5;
/** Videos that are acted on before anybody else is answered. */
const BATCH = 2000;
/** Nobody else is answered meanwhile, so that nothing may take longer than this, in ms. */
const GOAL = 200;

/** What the library page asks for, with 100,000 videos. */
export const lists: Bench = async (folder) => {
  mkdirSync(folder, { recursive: true });
  const { db } = openDatabase(path.join(folder, 'flotilla.db'), path.join(folder, 'backups'));
  say(`lists: making ${FILES} videos`);
  fillVideos(db, FILES);
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
  const folders = new FolderList(db);
  note('folders of a library', () => folders.in({ filter: {}, library: 1, folder: '' }));
  note('folders of a series', () => folders.in({ filter: {}, library: 1, folder: 'Series 3 (2014)' }));
  note('folders with done videos', () => folders.in({ filter: { state: ['done'] }, library: 1, folder: '' }));
  note('libraries as folders', () => folders.in({ filter: {}, folder: '' }));
  const batches = new BulkUpdates(db);
  const batch = list.ids({ state: ['failed', 'skipped', 'queued'] }).slice(0, BATCH);
  note('2,000 videos skipped', () => batches.apply(batch, 'skip'));
  note('2,000 videos queued', () => {
    batches.apply(batch, 'skip');
    batches.queue(batch);
  });
  db.close();
  return report;
};
