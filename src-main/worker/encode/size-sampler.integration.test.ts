import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { execaSync } from 'execa';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { DEFAULT_TABLES } from '../../../src-shared/media/quality.ts';
import { makePlan } from '../../../src-shared/plan/plan.ts';
import { Settings } from '../../../src-shared/settings/settings.ts';
import { detectCapabilities } from '../../media/ffmpeg/capabilities.ts';
import { ProcessManager } from '../../media/ffmpeg/process-manager.ts';
import { Timelines } from '../../media/ffmpeg/timeline.ts';
import { Prober } from '../../media/probe/ffprobe.ts';
import { FFMPEGS, type Ffmpeg } from '../../test/support/ffmpegs.ts';
import { SizeSampler } from './size-sampler.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'flotilla-samples-'));
const [clip, short] = ['clip.mkv', 'short.mkv'].map((name) => path.join(folder, name)) as [string, string];

beforeAll(() => {
  for (const [file, seconds] of [
    [clip, '20'],
    [short, '2'],
  ] as const) {
    const pictures = ['-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=24,noise=alls=12', '-t', seconds];
    execaSync('ffmpeg', [
      '-v',
      'error',
      ...pictures,
      '-c:v',
      'libx264',
      '-preset',
      'fast',
      '-crf',
      '12',
      '-g',
      '48',
      file,
    ]);
  }
  return () => rmSync(folder, { recursive: true });
});

/** Samples a video with this ffmpeg, as the settings say. */
async function sample(
  { tools }: Ffmpeg,
  source: string,
  values: Partial<Settings>,
  abort = { controller: new AbortController(), whenBegun: false },
) {
  const at = mkdtempSync(path.join(folder, 'run-'));
  onTestFinished(() => rmSync(at, { recursive: true }));
  const processes = await ProcessManager.create(path.join(at, 'children'));
  const caps = await detectCapabilities(processes, tools);
  const probe = await new Prober(processes, tools, async () => caps).probe(source);
  const settings = Settings.parse({ preset: 12, ...values });
  const plan = makePlan(probe, settings, DEFAULT_TABLES);
  if (plan.kind === 'skip') throw new Error(plan.reason);
  const parts = { processes, tools, caps: async () => caps, timelines: new Timelines(processes, tools) };
  const sampler = new SizeSampler({ ...parts, folder: path.join(at, 'samples') });
  const request = { source, version: '1', size: statSync(source).size, probe, plan, settings };
  const ended = sampler.measure({
    ...request,
    withStart: (fitted) => {
      if (abort.whenBegun) abort.controller.abort(new Error('cancelled'));
      return fitted;
    },
    priority: { nice: 0, ionice: 0 },
    signal: abort.controller.signal,
  });
  return ended.finally(() => expect(readdirSync(path.join(at, 'samples'))).toEqual([]));
}

describe.each(FFMPEGS)('with $name', (ffmpeg) => {
  it('samples tell the size of a video at the CRF of the table, and how long it takes', async () => {
    const { crf, quality, size, windows, seconds } = await sample(ffmpeg, clip, { quality: 'table' });
    expect({ crf, quality, windows }).toEqual({ crf: 28, quality: undefined, windows: 2 });
    const whole = path.join(folder, 'whole.mkv');
    execaSync(ffmpeg.tools.ffmpeg, [
      '-v',
      'error',
      '-y',
      '-i',
      clip,
      '-c:v',
      'libsvtav1',
      '-preset',
      '10',
      '-crf',
      '30',
      whole,
    ]);
    const ratio = size.bytes / statSync(whole).size;
    expect(ratio).toBeGreaterThan(0.5);
    expect(ratio).toBeLessThan(2);
    expect(seconds).toBeGreaterThan(0);
  });

  it.runIf(ffmpeg.release >= 7.1)('samples find the CRF that comes to a quality', async () => {
    const { crf, quality } = await sample(ffmpeg, clip, { quality: 'balanced', minCrf: 1 });
    expect(quality).toBeGreaterThan(37);
    expect(quality).toBeLessThan(39);
    expect(crf).not.toBe(28);
  });
});

const [installed] = FFMPEGS as [Ffmpeg];

it('a video that is too short for samples says so', async () => {
  await expect(sample(installed, short, { quality: 'table' })).rejects.toMatchObject({
    code: 'conflict',
    message: 'The video is too short for samples.',
  });
});

it('samples that are not wanted any more end at once', async () => {
  const abort = { controller: new AbortController(), whenBegun: true };
  await expect(sample(installed, clip, { quality: 'table', preset: 2 }, abort)).rejects.toThrow('cancelled');
});
