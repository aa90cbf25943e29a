import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { execaSync } from 'execa';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Grant } from '../../../src-shared/jobs/lease.ts';
import { DEFAULT_TABLES } from '../../../src-shared/media/quality.ts';
import { fitPlan } from '../../../src-shared/plan/fit-plan.ts';
import { makePlan } from '../../../src-shared/plan/plan.ts';
import { scoreOf } from '../../../src-shared/plan/quality/crf-search.ts';
import { Settings } from '../../../src-shared/settings/settings.ts';
import { detectCapabilities } from '../../media/ffmpeg/capabilities.ts';
import { ProcessManager } from '../../media/ffmpeg/process-manager.ts';
import { Timelines } from '../../media/ffmpeg/timeline.ts';
import { Prober } from '../../media/probe/ffprobe.ts';
import { FFMPEGS, type Ffmpeg } from '../../test/support/ffmpegs.ts';
import { Converter } from './converter.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'flotilla-quality-'));
const [still, moving, narrow, short] = ['still.mkv', 'moving.mkv', 'narrow.mkv', 'short.mkv'].map((name) =>
  path.join(folder, name),
) as [string, string, string, string];

/** A fractal that is zoomed into behind a test pattern, well compressed; and pictures that are compressed hard already. */
beforeAll(() => {
  // The sound comes first: pictures are not always stream 0.
  const make = (file: string, pictures: string, crf: string, seconds = '20') => {
    const input = ['-f', 'lavfi', '-i', pictures, '-f', 'lavfi', '-i', 'sine', '-t', seconds];
    execaSync('ffmpeg', [
      '-v',
      'error',
      ...input,
      '-c:v',
      'libx264',
      '-crf',
      crf,
      '-g',
      '48',
      '-c:a',
      'aac',
      '-map',
      '1',
      '-map',
      '0',
      file,
    ]);
  };
  const fractal = (size: string) =>
    `mandelbrot=s=${size}:r=24:end_scale=0.05[a];testsrc2=s=${size}:r=24[b];[a][b]blend=all_mode=average,noise=alls=12`;
  make(moving, fractal('320x180'), '12');
  make(narrow, fractal('300x180'), '12');
  make(still, 'testsrc2=s=320x180:r=24', '45');
  make(short, 'testsrc2=s=320x180:r=24', '12', '2');
  return () => rmSync(folder, { recursive: true });
});

/** Converts a clip by this ffmpeg, as the settings say. */
async function convert({ tools }: Ffmpeg, file: string, values: Partial<Settings>) {
  const at = mkdtempSync(path.join(folder, 'run-'));
  onTestFinished(() => rmSync(at, { recursive: true }));
  const processes = await ProcessManager.create(path.join(at, 'children'));
  const caps = await detectCapabilities(processes, tools);
  const probe = await new Prober(processes, tools, async () => caps).probe(file);
  const settings = Settings.parse({ minSavings: 0, preset: 10, ...values });
  const wanted = makePlan(probe, settings, DEFAULT_TABLES);
  const plan = wanted.kind === 'skip' ? wanted : fitPlan(wanted, probe, { caps }, settings);
  if (plan.kind === 'skip') throw new Error(plan.reason);
  const { size } = statSync(file);
  const uselessAt = Math.ceil(size * (1 - settings.minSavings / 100));
  const lease = {
    task: 1,
    epoch: 1,
    file: 1,
    library: 1,
    path: path.basename(file),
    version: '1',
    convertDamaged: false,
  };
  const grant: Grant = { ...lease, size, plan, probe, uselessAt, priority: { nice: 0, ionice: 0 } };
  const converter = new Converter({
    processes,
    tools,
    caps: async () => caps,
    timelines: new Timelines(processes, tools),
  });
  const signal = new AbortController().signal;
  const conversion = await converter.convert(grant, file, { folder: at, signal, report: () => undefined });
  return { conversion, left: readdirSync(at) };
}

const measuring = FFMPEGS.filter(({ release }) => release >= 7.1);

describe.runIf(measuring.length > 0).each(measuring)('with $name', (ffmpeg) => {
  const isOldest = ffmpeg === measuring[0];

  it('a video comes to its quality, and to the size that was predicted', async () => {
    const { conversion, left } = await convert(ffmpeg, moving, { quality: 'balanced', minCrf: 5 });
    if (conversion.kind !== 'result') throw new Error(JSON.stringify(conversion));
    const { quality: report, file } = conversion;
    if (!report?.measured) throw new Error('nothing was measured');
    expect(Math.abs((report.samples?.expected ?? 0) - 38)).toBeLessThan(0.5);
    // Of pictures that never stop changing, samples of two seconds show a little less quality than the whole.
    expect(scoreOf(report.measured)).toBeGreaterThan(37.5);
    expect(scoreOf(report.measured)).toBeLessThan(39.5);
    expect(Math.abs((report.samples?.predictedBytes ?? 0) / statSync(file).size - 1)).toBeLessThan(0.3);
    const { worst, measured } = report;
    expect(worst?.at).toBeGreaterThan(0);
    expect(worst?.at).toBeLessThan(20);
    expect(worst?.value).toBeLessThanOrEqual(measured.mean);
    expect(left).not.toContain('samples.mkv');
  });

  it('pictures whose lines are longer in memory than their pixels are measured like any others', async () => {
    const { conversion } = await convert(ffmpeg, narrow, { quality: 'balanced', minCrf: 5 });
    if (conversion.kind !== 'result') throw new Error(JSON.stringify(conversion));
    expect(Math.abs((conversion.quality?.samples?.expected ?? 0) - 38)).toBeLessThan(0.5);
    expect(conversion.quality?.measured?.mean).toBeGreaterThan(37);
  });

  it.runIf(isOldest)('a video that is too short for samples gets the CRF of the table, and says so', async () => {
    const { conversion } = await convert(ffmpeg, short, { quality: 'balanced' });
    if (conversion.kind !== 'result') throw new Error(JSON.stringify(conversion));
    expect(conversion.quality).toEqual({
      target: { metric: 'xpsnr', value: 38, minCrf: 15, maxCrf: 55 },
      crf: 28,
      fallback: 'The video is too short for samples.',
    });
  });

  it.runIf(isOldest)('a video that would not become smaller is left before it is encoded', async () => {
    const { conversion, left } = await convert(ffmpeg, still, { quality: 'transparent', minCrf: 1 });
    expect(conversion).toMatchObject({
      kind: 'skip',
      code: 'no-savings',
      reason: expect.stringMatching(/^Not worth it: about \d+% larger at this quality \(2 samples\)\.$/),
    });
    expect(left).not.toContain('result');
  });
});

it.each(FFMPEGS.filter(({ release }) => release < 7.1))(
  'with $name, which cannot measure, the CRF of the table is taken',
  async (ffmpeg) => {
    const { conversion } = await convert(ffmpeg, moving, { quality: 'balanced' });
    if (conversion.kind !== 'result') throw new Error(JSON.stringify(conversion));
    expect(conversion.quality).toBeUndefined();
  },
);
