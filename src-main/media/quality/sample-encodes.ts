import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { Capabilities } from '../../../src-shared/fleet/worker-info.ts';
import {
  type FrameXpsnr,
  type Quality,
  type QualityReport,
  qualityOf,
} from '../../../src-shared/media/quality-target.ts';
import {
  encodeSamplesArgs,
  measureArgs,
  paddingGain,
  type WindowedFile,
} from '../../../src-shared/plan/quality/sample-args.ts';
import { type SampleWindow, withoutRunOut } from '../../../src-shared/plan/quality/sample-windows.ts';
import type { SampledBytes } from '../../../src-shared/plan/quality/size-prediction.ts';
import type { VideoEncode } from '../../../src-shared/plan/stream-plan.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import type { Auxiliary } from '../../../src-shared/util/regression-estimate.ts';
import type { Tools } from '../ffmpeg/capabilities.ts';
import { type ProcessManager, type RunEnd, type RunOptions, STALL_MS, wasKilled } from '../ffmpeg/process-manager.ts';

/** What samples are made of, and by what. */
export interface SampleParts {
  processes: ProcessManager;
  tools: Tools;
  caps: Capabilities;
  source: WindowedFile;
  windows: readonly SampleWindow[];
  /** Bytes a frame of the source in those windows and in all. */
  rates: Auxiliary;
  /** For the pictures of the samples. */
  folder: string;
  threads?: number | undefined;
  run: RunOptions;
}

/** What samples take, and how long their encode did. */
export interface SampleSize {
  bytes: SampledBytes;
  /** Pictures that were encoded, with those that don't count. */
  pictures: number;
  /** Of their encode alone. */
  seconds: number;
}

/** What an encode of the samples came to. */
export interface SampleEncode extends SampleSize {
  quality: Quality;
}

/** One line of the filter's statistics: `n:    1  XPSNR y: 41.0713  XPSNR u: 44.6022  XPSNR v: 44.4721`. */
const FRAME = /^n:\s*\d+\s+XPSNR y:\s*(inf|[\d.]+)\s+XPSNR u:\s*(inf|[\d.]+)\s+XPSNR v:\s*(inf|[\d.]+)/;

/**
 * Encodes the samples as the whole video would be, and measures them.
 * @throws Fault `conflict` when this source cannot be sampled, `node` when this computer failed
 */
export async function encodeSamples(parts: SampleParts, video: VideoEncode): Promise<SampleEncode> {
  return withSamples(parts, video, async (samples, size) => {
    const args = measureArgs(parts.source, parts.windows, { ...parts, video }, { samples });
    const frames = withoutRunOut(await measureFrames(parts, args, video), parts.windows);
    return { ...size, quality: qualityOf(frames, parts.rates) };
  });
}

/**
 * Encodes the samples without measuring them, which any ffmpeg can.
 * @throws Fault as {@link encodeSamples}
 */
export async function sizeSamples(parts: SampleParts, video: VideoEncode): Promise<SampleSize> {
  return withSamples(parts, video, async (_, size) => size);
}

async function withSamples<T>(
  parts: SampleParts,
  video: VideoEncode,
  use: (samples: string, size: SampleSize) => Promise<T>,
): Promise<T> {
  const samples = path.join(parts.folder, 'samples.mkv');
  try {
    const started = performance.now();
    await runTool(parts, encodeSamplesArgs(parts.source, parts.windows, { ...parts, video }, samples));
    const seconds = (performance.now() - started) / 1000;
    const all = await readPackets(parts, samples);
    const bytes = { packets: withoutRunOut(all, parts.windows), rates: parts.rates };
    return await use(samples, { bytes, pictures: all.length, seconds });
  } finally {
    await rm(samples, { force: true });
  }
}

/**
 * Measures a whole result in windows of it.
 * @param windows the same moments as those of the source
 * @throws Fault as {@link encodeSamples}
 */
export async function measureResult(
  parts: SampleParts,
  video: VideoEncode,
  whole: WindowedFile,
  windows: readonly SampleWindow[],
): Promise<{ measured: Quality; worst: QualityReport['worst'] }> {
  const counted = parts.windows.map((window) => ({ ...window, runOut: 0 }));
  const args = measureArgs(parts.source, counted, { ...parts, video }, { whole, windows });
  const frames = await measureFrames(parts, args, video);
  return { measured: qualityOf(frames, parts.rates), worst: worstOf(frames, whole, windows) };
}

/** The window in which frames look worst; undefined where some of them are missing. */
function worstOf(
  frames: readonly FrameXpsnr[],
  { times }: WindowedFile,
  windows: readonly SampleWindow[],
): QualityReport['worst'] {
  if (frames.length !== windows.reduce((sum, window) => sum + window.frames, 0)) return undefined;
  let before = 0;
  const scenes = windows.map((window) => {
    const { mean } = qualityOf(frames.slice(before, before + window.frames));
    before += window.frames;
    const middle = times[window.first + Math.floor(window.frames / 2)] ?? 0;
    return { at: Math.max(0, middle - (times[0] ?? 0)), value: mean };
  });
  return scenes.reduce((worst, scene) => (scene.value < worst.value ? scene : worst));
}

/** XPSNR of each frame, window after window. */
async function measureFrames(parts: SampleParts, args: string[], { width }: VideoEncode): Promise<FrameXpsnr[]> {
  const frames: FrameXpsnr[] = [];
  const gain = paddingGain(width);
  await runTool(parts, args, (line) => {
    const [, y, u, v] = (FRAME.exec(line) ?? []).map((text) =>
      text === 'inf' ? Number.POSITIVE_INFINITY : Number(text) - gain,
    );
    if (y !== undefined && u !== undefined && v !== undefined) frames.push({ y, u, v });
  });
  if (frames.length === 0) throw new Fault('conflict', 'No frame could be measured.');
  return frames;
}

async function readPackets({ processes, tools, run }: SampleParts, file: string): Promise<SampledBytes['packets']> {
  const args = [
    '-v',
    'error',
    '-show_entries',
    'packet=size,flags',
    '-of',
    'csv=p=0',
    '-f',
    'matroska',
    `file:${file}`,
  ];
  const { stdout } = await processes.capture(tools.ffprobe, args, { ...run, timeoutMs: STALL_MS });
  return stdout.split('\n').flatMap((line) => {
    const [size, flags] = line.split(',');
    return flags === undefined ? [] : [{ bytes: Number(size), key: flags.includes('K') }];
  });
}

async function runTool(
  { processes, tools, run }: SampleParts,
  args: string[],
  onLine: (line: string) => void = () => undefined,
): Promise<void> {
  let error = '';
  const end: RunEnd = await processes.run(tools.ffmpeg, args, {
    ...run,
    stallMs: STALL_MS,
    onStdout: onLine,
    onStderr: (line) => {
      error = line;
    },
  });
  if (end.kind === 'cancelled') throw run.signal?.reason ?? new Error('cancelled');
  if (wasKilled(end)) throw new Fault('node', 'ffmpeg was killed while it sampled a video.');
  if (end.kind !== 'exit' || end.code !== 0)
    throw new Fault('conflict', `Samples could not be encoded: ${error || 'ffmpeg stalled'}`);
}
