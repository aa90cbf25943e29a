import { existsSync, statSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Grant, Progress } from '../../../src-shared/jobs/lease.ts';
import { DEFAULT_TABLES } from '../../../src-shared/media/quality.ts';
import {
  type FrameXpsnr,
  type QualityReport,
  qualityOf,
  XPSNR_TARGETS,
} from '../../../src-shared/media/quality-target.ts';
import { fitPlan } from '../../../src-shared/plan/fit-plan.ts';
import { makePlan } from '../../../src-shared/plan/plan.ts';
import { Settings } from '../../../src-shared/settings/settings.ts';
import { ProcessManager } from '../../media/ffmpeg/process-manager.ts';
import { Timelines } from '../../media/ffmpeg/timeline.ts';
import { Prober } from '../../media/probe/ffprobe.ts';
import { Converter } from '../../worker/encode/converter.ts';
import { CLIPS, CRF, type Encoder, findEncoders, MEDIA } from './encodes.ts';
import { type Bench, measured, median, type Report, run, say } from './measure.ts';

/** Length of each video in s, unless the run says otherwise, and of the scenes that it is joined from. */
const [SECONDS, SCENE_SECONDS] = [300, 10];
/** Clips that take turns in a video. */
const CLIPS_EACH = 3;
/** Size and rate of every video: clips of any size are joined. The filter that measures takes lines of a multiple of 64 columns only. */
const SCENE = 'scale=832:480:force_original_aspect_ratio=decrease,pad=832:480:-1:-1,fps=24,format=yuv420p';
/** How many dB twice the bytes are worth where no two encodes of a video tell. */
const USUAL_DOUBLING = 2;

/** A line of the filter's statistics. */
const FRAME = /XPSNR y:\s*(inf|[\d.]+)\s+XPSNR u:\s*(inf|[\d.]+)\s+XPSNR v:\s*(inf|[\d.]+)/;
const decibels = (text = '') => (text === 'inf' ? Number.POSITIVE_INFINITY : Number(text));

/** One conversion of a video. */
interface Outcome {
  /** Seconds before the encode, and of it. */
  preparing: number;
  encoding: number;
  /** Undefined where it was left before its encode. */
  result?: { bytes: number; quality: number; report: QualityReport | undefined };
}

/** Joins scenes of a few clips, which begin elsewhere in each round, to a video that is as well compressed as usual ones. */
async function makeVideo(n: number, seconds: number, file: string): Promise<void> {
  const present = CLIPS.filter(([name]) => existsSync(path.join(MEDIA, name)));
  const scenes = Array.from({ length: Math.ceil(seconds / SCENE_SECONDS) }, (_, scene) => {
    const [name = '', start = 0] = present[(n + (scene % CLIPS_EACH) * 2) % present.length] ?? [];
    const begin = Math.max(0, start - SCENE_SECONDS / 2) + (Math.floor(scene / CLIPS_EACH) % 3);
    return ['-stream_loop', '2', '-ss', String(begin), '-t', String(SCENE_SECONDS), '-i', path.join(MEDIA, name)];
  });
  const parts = scenes.map((_, i) => `[${i}:v:0]${SCENE},setsar=1[s${i}]`).join(';');
  const graph = `${parts};${scenes.map((_, i) => `[s${i}]`).join('')}concat=n=${scenes.length}[v]`;
  const made = ['-c:v', 'libx264', '-preset', 'fast', '-crf', '17', '-g', '96', '-t', String(seconds)];
  await run('ffmpeg', [
    '-nostdin',
    '-v',
    'error',
    '-y',
    ...scenes.flat(),
    '-filter_complex',
    graph,
    '-map',
    '[v]',
    ...made,
    file,
  ]);
}

/** XPSNR of a whole result of 24 frames a second whose lines have a multiple of 64 columns. */
export async function compareWhole(
  { ffmpeg }: Pick<Encoder, 'ffmpeg'>,
  result: string,
  source: string,
): Promise<number> {
  const same = 'format=yuv420p10le,fps=24,copy';
  const graph = `[0:v]${same}[a];[1:v]${same}[b];[a][b]xpsnr=stats_file=-`;
  const said = await run(ffmpeg, [
    '-nostdin',
    '-v',
    'error',
    '-i',
    result,
    '-i',
    source,
    '-lavfi',
    graph,
    '-f',
    'null',
    '-',
  ]);
  const frames = said.split('\n').flatMap((line): FrameXpsnr[] => {
    const [, y, u, v] = FRAME.exec(line) ?? [];
    return y === undefined ? [] : [{ y: decibels(y), u: decibels(u), v: decibels(v) }];
  });
  return qualityOf(frames).mean;
}

/** Converts videos with one ffmpeg. */
class Subject {
  readonly #encoder: Encoder;
  readonly #folder: string;
  readonly #parts: { processes: ProcessManager; tools: { ffmpeg: string; ffprobe: string } };

  private constructor(encoder: Encoder, folder: string, processes: ProcessManager) {
    this.#encoder = encoder;
    this.#folder = folder;
    const ffprobe = path.join(path.dirname(encoder.ffmpeg), 'ffprobe');
    this.#parts = { processes, tools: { ffmpeg: encoder.ffmpeg, ffprobe } };
  }

  static async create(encoder: Encoder, folder: string): Promise<Subject> {
    return new Subject(encoder, folder, await ProcessManager.create(path.join(folder, 'subject')));
  }

  async convert(file: string, values: Partial<Settings>): Promise<Outcome> {
    const { caps } = this.#encoder;
    const { processes, tools } = this.#parts;
    const probe = await new Prober(processes, tools, async () => caps).probe(file);
    const settings = Settings.parse(values);
    const wanted = makePlan(probe, settings, DEFAULT_TABLES);
    const plan = wanted.kind === 'skip' ? wanted : fitPlan(wanted, probe, { caps }, settings);
    if (plan.kind === 'skip') throw new Error(plan.reason);
    const { size } = statSync(file);
    const grant: Grant = {
      ...{ task: 1, epoch: 1, file: 1, library: 1, path: path.basename(file), version: '1', convertDamaged: false },
      ...{
        size,
        plan,
        probe,
        uselessAt: Math.ceil(size * (1 - settings.minSavings / 100)),
        priority: { nice: 0, ionice: 0 },
      },
    };
    const folder = path.join(this.#folder, 'result');
    await mkdir(folder, { recursive: true });
    try {
      return await this.#timed(grant, file, folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async #timed(grant: Grant, file: string, folder: string): Promise<Outcome> {
    const { caps } = this.#encoder;
    const timelines = new Timelines(this.#parts.processes, this.#parts.tools);
    const converter = new Converter({ ...this.#parts, caps: async () => caps, timelines });
    const started = performance.now();
    let encodingSince: number | undefined;
    const report = ({ stage }: Progress) => {
      if (stage === 'encoding') encodingSince ??= performance.now();
    };
    const { signal } = new AbortController();
    const conversion = await converter.convert(grant, file, { folder, signal, report });
    const ended = performance.now();
    const times = {
      preparing: ((encodingSince ?? ended) - started) / 1000,
      encoding: (ended - (encodingSince ?? ended)) / 1000,
    };
    if (conversion.kind === 'skip') return times;
    if (conversion.kind !== 'result') throw new Error(JSON.stringify(conversion));
    const quality = await compareWhole(this.#encoder, conversion.file, file);
    return { ...times, result: { bytes: statSync(conversion.file).size, quality, report: conversion.quality } };
  }
}

type Results = NonNullable<Outcome['result']>[];
const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
const mean = (values: number[]) => sum(values) / values.length;

/** Bytes of all videos, had their mean quality been that of the others: each is moved along its own curve. */
function bytesAtEqualQuality(results: Results, others: Results): number {
  const missing = mean(others.map(({ quality }) => quality)) - mean(results.map(({ quality }) => quality));
  return sum(
    results.map(({ bytes, quality }, i) => {
      const other = others[i];
      const slope = other && (other.quality - quality) / Math.log2(other.bytes / bytes);
      return bytes * 2 ** (missing / (slope !== undefined && slope > 0.5 && slope < 6 ? slope : USUAL_DOUBLING));
    }),
  );
}

/**
 * How well samples find the CRF for a quality, and foretell size: on real clips that are joined to videos of some minutes, against the
 * CRF of the table and one for all.
 */
export const quality: Bench = async (folder, { clips: videos = 12, seconds = SECONDS }) => {
  const encoder = (await findEncoders(folder)).findLast(({ caps }) => caps.xpsnr);
  if (!encoder || !CLIPS.some(([name]) => existsSync(path.join(MEDIA, name)))) {
    say(
      'there are no clips in ../shared/media, or no ffmpeg of 7.1 or newer (FLOTILLA_TEST_FFMPEGS), so there is nothing to measure',
    );
    return { videos: 'missing' };
  }
  const subject = await Subject.create(encoder, folder);
  const searched: Outcome[] = [];
  const [byTable, byOne, found]: [Results, Results, Results] = [[], [], []];
  const source = path.join(folder, 'video.mkv');
  for (let n = 0; n < videos; n += 1) {
    say(`video ${n + 1} of ${videos}`);
    await makeVideo(n, seconds, source);
    const outcome = await subject.convert(source, { quality: 'balanced' });
    searched.push(outcome);
    if (!outcome.result) continue;
    found.push(outcome.result);
    const results = [
      [byTable, { quality: 'table', minSavings: 0 }],
      [byOne, { crf: CRF, minSavings: 0 }],
    ] as const;
    for (const [list, values] of results) {
      const { result } = await subject.convert(source, values);
      if (!result) throw new Error('a video was left although nothing had to be saved');
      list.push(result);
    }
  }
  return {
    encoder: encoder.name,
    videos: String(videos),
    seconds: String(seconds),
    ...reportOf(searched, found, { byTable, byOne }),
  };
};

function reportOf(searched: Outcome[], found: Results, others: { byTable: Results; byOne: Results }): Report {
  const sampled = found.flatMap(({ bytes, report }) => (report?.samples ? [{ bytes, ...report.samples }] : []));
  const sizes = sampled.map(({ bytes, predictedBytes }) => Math.abs(predictedBytes / bytes - 1));
  const reached = found.filter(
    ({ report }) => report?.samples && report.crf > report.target.minCrf && report.crf < report.target.maxCrf,
  );
  const off = reached.map(({ quality: value }) => Math.abs(value - XPSNR_TARGETS.balanced));
  const time = sum(searched.map(({ preparing, encoding }) => preparing + encoding));
  const wasted = sum(searched.filter(({ result }) => !result).map(({ preparing, encoding }) => preparing + encoding));
  const all = sum(found.map(({ bytes }) => bytes));
  return {
    left: String(searched.length - found.length),
    'predicted size, median error': measured(median(sizes), '× actual', 0.08),
    'predicted size, worst error': measured(Math.max(...sizes), '× actual', 0.25),
    'deviation from the target, median': measured(median(off), 'dB XPSNR', 0.2),
    'deviation from the target, worst': measured(Math.max(...off), 'dB XPSNR', 0.6),
    'predicted size, mean': measured(
      mean(sampled.map(({ bytes, predictedBytes }) => predictedBytes / bytes)),
      '× actual',
    ),
    'result, mean above the target': measured(
      mean(reached.map(({ quality: value }) => value)) - XPSNR_TARGETS.balanced,
      'dB',
    ),
    'result, mean above what samples expected': measured(
      mean(found.flatMap(({ quality: value, report }) => (report?.samples ? [value - report.samples.expected] : []))),
      'dB',
    ),
    'probes of a video': measured(mean(sampled.map(({ probes }) => probes)), 'encodes'),
    'time before the encode': measured(sum(searched.map(({ preparing }) => preparing)) / time, '× all time'),
    'time of videos that were left': measured(wasted / time, '× all time', 0.05),
    'bytes at the CRF of the table, at equal mean quality': measured(
      bytesAtEqualQuality(others.byTable, found) / all,
      '× searched',
    ),
    'bytes at one CRF, at equal mean quality': measured(bytesAtEqualQuality(others.byOne, found) / all, '× searched'),
  };
}
