import { crfStep } from '../../../src-shared/fleet/svt-av1.ts';
import type { Capabilities } from '../../../src-shared/fleet/worker-info.ts';
import type { Grant, Outcome, Progress } from '../../../src-shared/jobs/lease.ts';
import type { QualityReport, QualityTarget } from '../../../src-shared/media/quality-target.ts';
import { FORMATS } from '../../../src-shared/plan/container.ts';
import { copiedBytes, HALVING_CRF } from '../../../src-shared/plan/estimate.ts';
import { resultStreams } from '../../../src-shared/plan/ffmpeg-args.ts';
import type { Plan } from '../../../src-shared/plan/plan.ts';
import { MAX_PROBES, type ProbeEncode, searchCrf } from '../../../src-shared/plan/quality/crf-search.ts';
import {
  countCuts,
  type SampleWindow,
  sampleWindows,
  sourceRates,
} from '../../../src-shared/plan/quality/sample-windows.ts';
import {
  predictBytes,
  type ResultFrames,
  type SizePrediction,
} from '../../../src-shared/plan/quality/size-prediction.ts';
import type { VideoEncode } from '../../../src-shared/plan/stream-plan.ts';
import { count } from '../../../src-shared/text/format.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import type { Tools } from '../../media/ffmpeg/capabilities.ts';
import type { ProcessManager, RunOptions } from '../../media/ffmpeg/process-manager.ts';
import type { StreamTimeline, Timeline, Timelines } from '../../media/ffmpeg/timeline.ts';
import {
  encodeSamples,
  measureResult,
  type SampleEncode,
  type SampleParts,
  sizeSamples,
} from '../../media/quality/sample-encodes.ts';

/** Input and dependencies of a search. */
export interface SearchParts {
  processes: ProcessManager;
  tools: Tools;
  caps: Capabilities;
  grant: Pick<Grant, 'probe' | 'size' | 'uselessAt' | 'version'>;
  /** Absolute path of the original. */
  source: string;
  timeline: Timeline;
  folder: string;
  threads: number | undefined;
  report: (progress: Progress) => void;
  options: RunOptions;
  /** What an earlier search of the same video and plan came to, which is taken again. */
  known?: QualityReport | undefined;
}

type Targeted = VideoEncode & { target: QualityTarget };

/** A stream whose frames have times to seek by. */
type SeekableTimeline = StreamTimeline & Required<Pick<StreamTimeline, 'times' | 'keys' | 'sizes'>>;

/** A hair, in s: windows of a source begin at key frames. */
const SEEK_EARLY = 0.000_001;

const isSeekable = (line: StreamTimeline | undefined): line is SeekableTimeline =>
  line?.times !== undefined && line.keys !== undefined && line.sizes !== undefined && line.timed;

/** The search for the CRF at which a video comes to its target, made by encoding samples of it. */
export class QualitySearch {
  /** The plan with the CRF that was found. */
  readonly plan: Plan;
  /** Why the video is not worth an encode; undefined where it is. */
  readonly refusal: Outcome | undefined;
  readonly #video: Targeted;
  readonly #report: QualityReport;
  /** Undefined where the CRF is the table's. */
  readonly #samples: SampleParts | undefined;

  private constructor(
    plan: Plan,
    video: Targeted,
    { report, samples, refusal }: { report: QualityReport; samples?: SampleParts; refusal?: Outcome | undefined },
  ) {
    this.#video = { ...video, crf: report.crf };
    this.#report = report;
    this.#samples = samples;
    this.refusal = refusal;
    this.plan = { ...plan, streams: plan.streams.map((stream) => (stream === video ? this.#video : stream)) };
  }

  /**
   * @returns undefined where the plan names no target
   * @throws Fault `node` when this computer failed
   */
  static async run(plan: Plan, parts: SearchParts): Promise<QualitySearch | undefined> {
    const video = plan.streams.find(
      (stream): stream is Targeted => stream.action === 'encode' && stream.target !== undefined,
    );
    if (!video) return undefined;
    const { target, crf } = video;
    const byTable = (fallback: string) => new QualitySearch(plan, video, { report: { target, crf, fallback } });
    const taken = samplesOf(video, parts);
    if (typeof taken === 'string') return byTable(taken);
    const { samples, whole } = taken;
    const { known } = parts;
    if (known) return new QualitySearch(plan, video, known.fallback ? { report: known } : { report: known, samples });
    try {
      const found = await findCrf(video, samples, parts.report);
      const size = sizeAt(found, whole);
      const { expected, probes } = found;
      const report = { target, crf: found.crf, samples: { expected, probes, predictedBytes: size.bytes } };
      const refusal = notWorthIt(plan, parts.grant, size, { windows: samples.windows, report });
      return new QualitySearch(plan, video, { report, samples, refusal });
    } catch (error) {
      if (error instanceof Fault && error.code === 'conflict') return byTable(error.message);
      throw error;
    }
  }

  /** Result of the search before the encode. */
  get report(): QualityReport {
    return this.#report;
  }

  /** Measures the finished result in the windows that were sampled. @returns what came of the target */
  async measure(file: string, timelines: Timelines): Promise<QualityReport> {
    if (!this.#samples) return this.#report;
    const { windows, source, run } = this.#samples;
    const stream = resultStreams(this.plan).indexOf(this.#video);
    const { demuxer } = FORMATS[this.plan.container];
    try {
      const pictures = { format: demuxer, streams: [{ type: 'video' as const, index: stream }] };
      const timeline = await timelines.read(file, 'result', pictures, run.signal);
      const line = timeline.get(stream);
      const each = framesEach(this.#video);
      if (!isSeekable(line) || line.count !== source.times.length * each) return this.#report;
      const start = Math.min(...[...timeline.values()].map(({ first }) => first));
      // Far from both neighbors, as the first time of the container may be that of silent sound.
      const seekEarly = (0.4 * (line.last - line.first)) / line.count;
      const whole = { path: file, demuxer, stream, start, times: line.times, seekEarly };
      const same = windows.map(
        ({ first, frames }): SampleWindow => ({ first: first * each, frames: frames * each, runOut: 0 }),
      );
      return { ...this.#report, ...(await measureResult(this.#samples, this.#video, whole, same)) };
    } catch {
      // Hours of encoding aren't discarded for a number: a canceled task ends elsewhere, and the verification meets any other
      // failure too.
      return this.#report;
    }
  }
}

/** What samples of a video foretell of its encode. */
export interface SampleFindings {
  crf: number;
  /** XPSNR in dB at that CRF; missing where it was not measured. */
  quality?: number | undefined;
  /** Bytes of the pictures. */
  size: SizePrediction;
  windows: number;
  /** That the encode of the whole video takes here. */
  seconds: number;
}

/**
 * Encodes samples of a video without encoding the whole: at the CRF that comes to the target where its plan names one, or else at
 * the plan's.
 * @throws Fault `conflict` with the reason when samples say nothing of it, `node` when this computer failed
 */
export async function findBySamples(plan: Plan, parts: SearchParts): Promise<SampleFindings> {
  const video = plan.streams.find((stream): stream is VideoEncode => stream.action === 'encode');
  if (!video) throw new Fault('conflict', 'It has no pictures to encode.');
  const taken = samplesOf(video, parts);
  if (typeof taken === 'string') throw new Fault('conflict', taken);
  const { samples, whole } = taken;
  const { target } = video;
  const found = target ? await findCrf({ ...video, target }, samples, parts.report) : undefined;
  const encode = found?.encode ?? (await sizeSamples(samples, video));
  return {
    crf: found?.crf ?? video.crf,
    quality: found?.expected,
    size: found ? sizeAt(found, whole) : predictBytes(encode.bytes, whole),
    windows: samples.windows.length,
    seconds: (encode.seconds * whole.count) / encode.pictures,
  };
}

/** The size at the CRF that was found, of which the nearest probe may be some steps away. */
function sizeAt({ crf, encode, encodedAt }: Found, frames: ResultFrames): SizePrediction {
  const { bytes, error } = predictBytes(encode.bytes, frames);
  return { bytes: Math.round(bytes * 2 ** ((encodedAt - crf) / HALVING_CRF)), error };
}

/** Where samples of a video are taken, and the frames of its result; or why there are none. */
function samplesOf(video: VideoEncode, parts: SearchParts): { samples: SampleParts; whole: ResultFrames } | string {
  const line = parts.timeline.get(video.source);
  if (!isSeekable(line)) return 'Its pictures have no times to seek by.';
  const { times } = line;
  const windows = sampleWindows(times, line.keys);
  if (windows.length === 0) return 'The video is too short for samples.';
  const { format, start = 0 } = parts.grant.probe;
  const demuxer = format.split(',')[0] ?? '';
  const source = { path: parts.source, demuxer, stream: video.source, start, times, seekEarly: SEEK_EARLY };
  const rates = sourceRates(windows, line);
  const whole = { count: line.count * framesEach(video), keyint: video.keyint, cuts: countCuts(line) };
  return { samples: { ...parts, source, windows, rates, run: parts.options }, whole };
}

/** Frames of the result for each of the source. */
const framesEach = ({ fieldRate }: VideoEncode): number => (fieldRate ? 2 : 1);

/** A CRF that was found, with the encode of samples that is nearest to it. */
interface Found {
  crf: number;
  expected: number;
  probes: number;
  encode: SampleEncode;
  /** The CRF of that encode. */
  encodedAt: number;
}

/** @throws Fault `conflict` with the reason when samples give no CRF, `node` when this computer failed */
async function findCrf(video: Targeted, samples: SampleParts, report: (progress: Progress) => void): Promise<Found> {
  const encodes = new Map<number, SampleEncode>();
  for (;;) {
    const probes: ProbeEncode[] = [...encodes].map(([crf, { quality }]) => ({ crf, quality }));
    const next = searchCrf(video.target, probes, video.crf, crfStep(samples.caps));
    if (next.kind === 'probe') {
      report({ stage: 'preparing', share: encodes.size / MAX_PROBES });
      encodes.set(next.crf, await encodeSamples(samples, { ...video, crf: next.crf }));
      continue;
    }
    if (next.kind === 'failed') throw new Fault('conflict', next.reason);
    const [nearest] = [...encodes].sort(([a], [b]) => Math.abs(a - next.crf) - Math.abs(b - next.crf));
    if (!nearest) throw new Error('a search ended before its first probe');
    const [encodedAt, encode] = nearest;
    return { crf: next.crf, expected: next.expected, probes: encodes.size, encode, encodedAt };
  }
}

/** A video whose result would not be enough smaller even if the prediction is as wrong as it may be. */
function notWorthIt(
  plan: Plan,
  { probe, size, uselessAt }: SearchParts['grant'],
  { bytes, error }: SizePrediction,
  { windows, report }: { windows: readonly SampleWindow[]; report: QualityReport },
): Outcome | undefined {
  const others = copiedBytes(probe, plan);
  if (bytes * (1 - error) + others < uselessAt) return undefined;
  const saved = Math.round((1 - (bytes + others) / size) * 100);
  const what = saved > 0 ? `about ${saved}% smaller` : `about ${-saved}% larger`;
  const reason = `Not worth it: ${what} at this quality (${count(windows.length, 'sample')}).`;
  return { kind: 'skip', code: 'no-savings', reason, quality: report };
}
