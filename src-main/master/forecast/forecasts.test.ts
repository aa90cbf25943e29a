import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { QualityReport } from '../../../src-shared/media/quality-target.ts';
import { makePlan, type Plan } from '../../../src-shared/plan/plan.ts';
import type { Settings } from '../../../src-shared/settings/settings.ts';
import type { Db } from '../../db/open.ts';
import { ForecastTable } from '../../db/tables/forecasts.ts';
import { makeContext, PROBE } from '../../test/support/context.ts';
import { fillVideos } from '../../test/support/videos.ts';
import { TotalForecasts } from './total-forecasts.ts';

const REPORT: QualityReport = {
  target: { metric: 'xpsnr', value: 40, minCrf: 15, maxCrf: 55 },
  crf: 36,
  samples: { expected: 40, predictedBytes: 1000, probes: 3 },
};

/** A context that asks for a quality, and in which videos can be converted. */
function make(settings: Partial<Settings> = { quality: 'balanced' }) {
  const parts = makeContext();
  const { ctx, files, jobs, db, queue } = parts;
  Object.assign(ctx.settings(), settings);
  const table = new ForecastTable(db);
  const planned = (): Plan => {
    const plan = makePlan(PROBE, ctx.settings(), ctx.tables());
    if (plan.kind === 'skip') throw new Error(plan.reason);
    return plan;
  };
  /** Queues a video as an analysis does. */
  const add = async (name: string) => {
    const id = await queue(name);
    const row = files.get(id);
    if (row) ctx.forecasts.note(row, PROBE, planned());
    return id;
  };
  /** Converts a video to so many bytes, or leaves it where none are given. */
  const convert = async (name: string, bytes?: number, quality?: QualityReport) => {
    const id = await add(name);
    const job = jobs.get(files.get(id)?.job ?? 0);
    if (!job) throw new Error(`${name} has no job`);
    const task = jobs.lease(job, { id: 'nas', name: 'nas' }, planned());
    const outcome = bytes === undefined ? 'skip' : 'done';
    jobs.endAttempt(job.id, task.epoch, { outcome, stages: { encoding: 2, checking: 1 }, quality });
    if (bytes !== undefined) {
      jobs.setResult(job.id, bytes);
      for (const event of ['deliver', 'swap', 'complete'] as const) jobs.apply(id, event);
    } else jobs.apply(id, 'skip', { code: 'no-savings' });
    ctx.forecasts.forget();
    return id;
  };
  return { ...parts, table, planned, add, convert };
}

describe('what conversions teach', () => {
  it('is the CRF that a search of a video of their kind begins with', async () => {
    const { ctx, convert, add, files, planned } = make();
    await convert('one.mp4', 900, REPORT);
    const file = files.get(await add('two.mp4'));
    if (!file?.codec) throw new Error('it was not analyzed');
    const target = { metric: 'xpsnr' as const, value: 40, minCrf: 15, maxCrf: 55 };
    const { streams, ...rest } = planned();
    const plan: Plan = { ...rest, streams: streams.map((s) => (s.action === 'encode' ? { ...s, target } : s)) };
    const facts = { ...file, codec: file.codec, width: 640, height: 360, frameRate: 24, duration: 1 };
    const begun = ctx.forecasts.withStart(plan, facts);
    expect(begun.streams).toMatchObject([{ action: 'encode', target: { start: expect.closeTo(36, 5) } }]);
  });

  it('comes also from a video that was left because its samples promised too little', async () => {
    const { convert, table } = make();
    await convert('one.mp4', undefined, { ...REPORT, samples: { expected: 39.8, predictedBytes: 8000, probes: 2 } });
    expect(table.encoded()).toMatchObject([{ crf: 36, quality: 39.8, pictures: 8000 }]);
  });

  it('is nothing where a video was left for another reason', async () => {
    const { convert, table } = make();
    await convert('one.mp4');
    expect(table.encoded()).toEqual([]);
  });

  it('changes what is foretold of videos that wait, and their order in the queue', async () => {
    const { ctx, convert, add, files, jobs, library, planned } = make({ quality: 'table' });
    const [small, large] = [await add('a.mp4'), await add('much longer name.mp4')];
    const scopes = [{ library: library.id, prefix: '' }];
    const before = files.get(large);
    expect(jobs.queued.first(scopes, 'gain')?.file).toBe(large);
    for (const name of ['b.mp4', 'c.mp4', 'd.mp4']) await convert(name, 10);
    await ctx.forecasts.refresh();
    const after = before && ctx.forecasts.of(before, PROBE, planned());
    expect(after?.forecast.bytes).toBeLessThan(before?.size ?? 0);
    expect(jobs.queued.first(scopes, 'gain')?.file).toBe(large);
    expect(jobs.get(files.get(large)?.job ?? 0)?.gain).toBeGreaterThan(jobs.get(files.get(small)?.job ?? 0)?.gain ?? 0);
  });
});

/** Commits in the log of a database: each ends with a frame that names the size of the database, by https://sqlite.org/fileformat2.html. */
function commitsIn(db: Db): number {
  const log = readFileSync(`${db.name}-wal`);
  const frame = 24 + (db.pragma('page_size', { simple: true }) as number);
  let commits = 0;
  for (let at = 32; at + frame <= log.length; at += frame) if (log.readUInt32BE(at + 4) !== 0) commits += 1;
  return commits;
}

describe('the forecasts of a long queue', () => {
  it('are stored many at a time: each commit waits for the disk, and nobody is answered in between', async () => {
    const { ctx, db } = makeContext();
    fillVideos(db, 1000);
    await ctx.forecasts.refresh();
    const missing =
      "SELECT count(*) FROM files WHERE state IN ('queued', 'failed') AND (expected IS NULL OR effort IS NULL)";
    expect(db.prepare(missing).pluck().get()).toBe(0);
    expect(commitsIn(db)).toBeLessThan(10);
  });
});

describe('samples of a video', () => {
  const SAMPLE = { crf: 30, quality: 40, pictures: 400, error: 0.1, windows: 8, seconds: 5, computer: 'nas' };

  it('say what becomes of it, as long as it and what is asked for stay the same', async () => {
    const { ctx, add, files, table, planned } = make();
    const id = await add('one.mp4');
    const of = () => {
      const row = files.get(id);
      return row && ctx.forecasts.of(row, PROBE, planned());
    };
    const file = files.get(id);
    const facts = of()?.video;
    if (!file || !facts) throw new Error('it was not analyzed');
    const asked = ctx.forecasts.sampleKeyOf(facts, true);
    table.putSample(id, { ...SAMPLE, version: file.version, asked });
    expect(of()).toMatchObject({ known: { error: 0.1 }, forecast: { crf: 30, bytes: 400 } });
    Object.assign(ctx.settings(), { quality: 'small' });
    expect(of()?.known).toBeUndefined();
    Object.assign(ctx.settings(), { quality: 'balanced', preset: 5 });
    expect(of()?.known).toBeUndefined();
    Object.assign(ctx.settings(), { preset: 8 });
    expect(of()?.known).toBeDefined();
    const { path, inode, size, mtime } = file;
    files.setVersion(id, { path, inode, size, mtime, version: 'another', settles: null });
    expect(table.sampleOf(id, 'another')).toBeUndefined();
  });

  it('tell how fast the computer is that made them', async () => {
    const { add, files, table } = make();
    const id = await add('one.mp4');
    expect(table.sampledSpeed('nas')).toBeUndefined();
    table.putSample(id, { ...SAMPLE, version: files.get(id)?.version ?? '', asked: '' });
    expect(table.sampledSpeed('nas')).toBe((640 * 360 * 24) / 5);
  });
});

describe('the forecast of a library', () => {
  it('sums up what waits, with the time that the computers need', async () => {
    const { ctx, add, convert, table, library } = make({ quality: 'table' });
    const fleet = { speed: undefined as number | undefined, computers: 2 };
    const totals = new TotalForecasts({ table, forecasts: ctx.forecasts, fleet: () => fleet });
    expect(await totals.of(library.id)).toMatchObject({ videos: 0, bytes: 0, learned: 0, seconds: null });
    await convert('done.mp4', 100);
    for (const name of ['one.mp4', 'two.mp4']) await add(name);
    ctx.forecasts.forget();
    fleet.speed = 640 * 360 * 24;
    const total = await totals.of();
    expect(total).toMatchObject({ videos: 2, bytes: 2 * 'one.mp4'.length * 1000, learned: 1, computers: 2 });
    expect(total.seconds).toBeCloseTo(2, 1);
    expect(total.secondsError).toBeGreaterThan(0.5);
    expect(total.bytesAfter).toBeLessThan(total.bytes);
    expect(await totals.of(library.id + 1)).toMatchObject({ videos: 0 });
  });
});
