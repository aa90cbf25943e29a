import { type Container, FORMATS } from '../../src-shared/container.ts';
import { Fault } from '../../src-shared/errors.ts';
import { resultStreams } from '../../src-shared/ffmpeg-args.ts';
import type { MasteringDisplay, Probe, Stream, VideoStream } from '../../src-shared/media.ts';
import { type Plan, withoutCaptions } from '../../src-shared/plan.ts';
import type { StreamPlan, VideoEncode } from '../../src-shared/stream-plan.ts';
import { timingArgs } from '../../src-shared/video-args.ts';
import { isTurned, RESULT_FORMAT } from '../../src-shared/video-plan.ts';
import type { Capabilities } from '../../src-shared/worker-info.ts';
import type { Tools } from './capabilities.ts';
import type { Prober } from './ffprobe.ts';
import { comparePictures, type Likeness } from './picture.ts';
import { type ProcessManager, type RunOptions, STALL_MS } from './process.ts';
import type { StreamTimeline, Timeline, Timelines } from './timeline.ts';

/** Matroska counts in whole milliseconds, so a frame may move by half of one, twice rounded. */
const FRAME_TOLERANCE = 0.002;
/** Two fields of one frame may have a time each, and the rounding of them all: the film may seem so many frames shorter. */
const SPAN_FRAMES = 1.5;
/** Sound may move against the picture by at most this, in s: less than one notices (ITU-R BT.1359: 45 ms early, 125 ms late). */
const SYNC_TOLERANCE = 0.045;
/** Opus packets are 20 ms and the last one is padded; codecs before had packets of up to 64 ms. */
const END_TOLERANCE = 0.12;
/** Sound that may be missing in all, in s and as a share: what codecs round at the ends of tracks and of holes. */
const HOLE_SECONDS = 0.25;
const HOLE_SHARE = 0.01;
/** Flags that Matroska knows. */
const FLAGS = ['default', 'forced', 'hearing_impaired', 'visual_impaired', 'original', 'comment'];
/** Matroska holds the shape of the picture as whole pixels. */
const ASPECT_TOLERANCE = 0.005;
/** What fixed point may change of HDR values: 0.16 bits for chromaticities, 18.14 and 24.8 for luminances (AV1 specification, 6.7.4). */
const HDR_TOLERANCE = 0.0001;
const MAX_LUMINANCE_TOLERANCE = 2 ** -8;

/** What a result is checked against. */
export interface VerifyRequest {
  source: string;
  sourceVersion: string;
  sourceProbe: Probe;
  plan: Plan;
  result: string;
  resultVersion: string;
  /** Frames that the encoder's decoder showed for each encoded video stream, in order. */
  decodedFrames: number[];
  /** Lines of captions that were read out of the pictures. */
  captionLines: number;
  /** The source is known to be damaged and converted all the same: its sound may carry the damage over. */
  damaged: boolean;
  signal?: AbortSignal;
  /** How much of the computer it may use, and what holds it. */
  run?: Pick<RunOptions, 'priority' | 'brake'>;
  /** Told the share of the film that is decoded, 0 to 1: all but the last moments of a check. */
  onProgress?: (share: number) => void;
}

/** Why a result may not replace its source; the message is the reason. */
export class Refused extends Error {}

/** Proves a result before anything is touched. */
export class Verifier {
  readonly #processes: ProcessManager;
  readonly #tools: Tools;
  readonly #caps: Capabilities;
  readonly #prober: Prober;
  readonly #timelines: Timelines;

  constructor(parts: {
    processes: ProcessManager;
    tools: Tools;
    caps: Capabilities;
    prober: Prober;
    timelines: Timelines;
  }) {
    this.#processes = parts.processes;
    this.#tools = parts.tools;
    this.#caps = parts.caps;
    this.#prober = parts.prober;
    this.#timelines = parts.timelines;
  }

  /**
   * Checks streams, tags, colour, every video timestamp, the sound's first and last, decodes all of it, and compares the
   * pictures of a few short windows.
   * @returns how alike the pictures are
   * @throws Refused with the reason when anything differs from the plan
   */
  async verify(asked: VerifyRequest): Promise<Likeness> {
    const request = asked.captionLines > 0 ? asked : { ...asked, plan: withoutCaptions(asked.plan) };
    const { signal } = request;
    const result = await this.#prober.probe(request.result, signal).catch((error) => {
      throw error instanceof Fault && error.code === 'conflict'
        ? new Refused(`The result is not readable: ${error.message}`)
        : error;
    });
    checkStreams(request.plan, request.sourceProbe, result);
    const [before, after] = await Promise.all([
      this.#timelines.read(request.source, request.sourceVersion, request.sourceProbe, signal),
      this.#timelines.read(request.result, request.resultVersion, result, signal),
    ]);
    checkTimes(request, before, after);
    await this.#decode(request, after);
    return this.#compare(request, result, before, after);
  }

  /**
   * Compares the pictures only.
   * @throws Refused when they differ
   */
  async likeness(asked: VerifyRequest): Promise<Likeness> {
    const request = asked.captionLines > 0 ? asked : { ...asked, plan: withoutCaptions(asked.plan) };
    const { signal } = request;
    const probe = await this.#prober.probe(request.result, signal);
    const before = await this.#timelines.read(request.source, request.sourceVersion, request.sourceProbe, signal);
    const after = await this.#timelines.read(request.result, request.resultVersion, probe, signal);
    return this.#compare(request, probe, before, after);
  }

  async #compare(request: VerifyRequest, probe: Probe, before: Timeline, after: Timeline): Promise<Likeness> {
    const { source, plan: whole, result, sourceProbe, signal, run = {} } = request;
    const index = resultStreams(whole).findIndex((s) => s.action === 'encode');
    const plan = whole.streams.find((s) => s.action === 'encode');
    const from = plan && before.get(plan.source);
    const to = after.get(index);
    if (!plan || !from || !to) throw new Refused('The result has no pictures.');
    const likeness = await comparePictures(this.#processes, this.#tools, this.#caps, {
      source,
      demuxer: whole.demuxer,
      sourceStart: sourceProbe.start ?? 0,
      result,
      resultDemuxer: FORMATS[whole.container].demuxer,
      resultStart: probe.start ?? 0,
      plan,
      index,
      before: from,
      after: to,
      ...(signal && { signal }),
      run,
    });
    if (typeof likeness === 'string') throw new Refused(likeness);
    return likeness;
  }

  async #decode(request: VerifyRequest, timeline: Timeline): Promise<void> {
    const { plan, result, damaged, signal, run, onProgress } = request;
    const errors: string[] = [];
    const frames = timeline.get(resultStreams(plan).findIndex((s) => s.action === 'encode'))?.count ?? 0;
    const args = ['-nostdin', '-hide_banner', '-v', 'error', '-progress', 'pipe:1', '-nostats', '-xerror'];
    args.push(
      '-protocol_whitelist',
      'file',
      '-f',
      FORMATS[plan.container].demuxer,
      '-i',
      `file:${result}`,
      '-map',
      '0:v',
      ...(damaged ? [] : ['-map', '0:a?']),
    );
    // Without the first of these, variable frame rates look like timestamps that run backwards.
    args.push(...timingArgs(this.#caps), '-f', 'null', '-');
    const end = await this.#processes.run(this.#tools.ffmpeg, args, {
      ...run,
      stallMs: STALL_MS,
      ...(signal && { signal }),
      onStdout: (line) => {
        const frame = Number(/^frame=\s*(\d+)/.exec(line)?.[1]);
        if (frame > 0 && frames > 0) onProgress?.(Math.min(1, frame / frames));
      },
      onStderr: (line) => errors.push(line),
    });
    if (end.kind === 'cancelled') throw signal?.reason ?? new Error('cancelled');
    if (end.kind !== 'exit') throw new Refused('The result could not be decoded to its end.');
    if (end.code !== 0 || errors.length > 0)
      throw new Refused(`The result does not decode cleanly: ${errors[0] ?? `ffmpeg ended with ${end.code}`}.`);
  }
}

const kindOf = (s: StreamPlan) => s.type;

/** Compares what the result holds with what the plan promised. */
export function checkStreams(plan: Plan, source: Probe, result: Probe): void {
  const wanted = resultStreams(plan);
  // In MP4 the titles of chapters are a track of their own.
  const got = result.streams.filter((s) => !(plan.container === 'mp4' && s.type === 'data' && source.chapters > 0));
  const list = (kinds: string[]) => kinds.join(', ') || 'nothing';
  if (list(wanted.map(kindOf)) !== list(got.map((s) => s.type))) {
    throw new Refused(`The result holds ${list(got.map((s) => s.type))} instead of ${list(wanted.map(kindOf))}.`);
  }
  if (source.chapters !== result.chapters)
    throw new Refused(`The result has ${result.chapters} chapters instead of ${source.chapters}.`);
  wanted.forEach((want, i) => {
    const original = source.streams.find((s) => s.index === want.source);
    const stream = got[i];
    if (want.action === 'captions') {
      if (stream?.codec !== want.codec)
        throw new Refused(`The captions became ${stream?.codec} instead of ${want.to}.`);
    } else if (original && stream) checkStream(want, original, stream, plan.container);
  });
}

function checkStream(want: StreamPlan, original: Stream, stream: Stream, container: Container): void {
  const differs = (what: string, is: unknown, should: unknown) =>
    new Refused(`In the result, ${want.from} has the ${what} "${is ?? 'none'}" instead of "${should ?? 'none'}".`);
  if (want.type === 'cover' || want.type === 'attachment') return;
  if (stream.language !== original.language) throw differs('language', stream.language, original.language);
  // Only Matroska has both; whether the two tell the same is not for ffmpeg's table to judge.
  if (container === 'mkv' && stream.bcp47 !== original.bcp47) throw differs('language', stream.bcp47, original.bcp47);
  if (original.title && stream.title !== original.title) throw differs('title', stream.title, original.title);
  const flags = (s: Stream) => FLAGS.filter((f) => s.dispositions?.includes(f)).join('+');
  if (flags(stream) !== flags(original)) throw differs('flags', flags(stream), flags(original));

  if (want.action === 'encode' && stream.type === 'video' && original.type === 'video') {
    checkVideo(want, stream, differs);
    const aspect = pixelAspect(stream);
    const wanted = isTurned(original) ? 1 / pixelAspect(original) : pixelAspect(original);
    if (Math.abs(aspect / wanted - 1) > ASPECT_TOLERANCE) throw differs('pixel aspect ratio', aspect, wanted);
  }
  const codec =
    want.action === 'encode' ? 'av1' : want.action === 'opus' ? 'opus' : 'codec' in want ? want.codec : original.codec;
  if (stream.codec !== codec) throw differs('codec', stream.codec, codec);
  if (stream.type !== 'audio' || original.type !== 'audio') return;
  const channels = want.action === 'opus' ? want.channels : original.channels;
  if (stream.channels !== channels) throw differs('number of channels', stream.channels, channels);
  if (want.action === 'opus' && want.layout && stream.layout !== want.layout)
    throw differs('layout', stream.layout, want.layout);
}

function checkVideo(
  want: VideoEncode,
  video: VideoStream,
  differs: (what: string, is: unknown, should: unknown) => Refused,
): void {
  const size = (v: { width: number; height: number }) => `${v.width}x${v.height}`;
  if (size(video) !== size(want)) throw differs('size', size(video), size(want));
  if (video.pixelFormat !== RESULT_FORMAT) throw differs('pixel format', video.pixelFormat, RESULT_FORMAT);
  if (video.rotation) throw differs('rotation', video.rotation, 0);
  if (video.dolbyVision) throw differs('Dolby Vision profile', video.dolbyVision.profile, undefined);
  for (const field of ['range', 'matrix', 'transfer', 'primaries'] as const) {
    const should = want.colour[field];
    if (should && video.colour?.[field] !== should) throw differs(`colour ${field}`, video.colour?.[field], should);
  }
  const { mastering, contentLight } = want;
  if (mastering && !(video.mastering && sameMastering(mastering, video.mastering))) {
    throw differs('mastering display metadata', JSON.stringify(video.mastering), JSON.stringify(mastering));
  }
  if (
    contentLight &&
    (video.contentLight?.maxCll !== contentLight.maxCll || video.contentLight.maxFall !== contentLight.maxFall)
  ) {
    throw differs('content light level', JSON.stringify(video.contentLight), JSON.stringify(contentLight));
  }
}

function sameMastering(a: MasteringDisplay, b: MasteringDisplay): boolean {
  const values = (m: MasteringDisplay) => [m.red, m.green, m.blue, m.white, [m.minLuminance]].flat();
  const others = values(b);
  const close = values(a).every((value, i) => Math.abs(value - (others[i] ?? Number.NaN)) <= HDR_TOLERANCE);
  return close && Math.abs(a.maxLuminance - b.maxLuminance) <= MAX_LUMINANCE_TOLERANCE;
}

const pixelAspect = (video: VideoStream) => video.pixelAspect ?? 1;

/** Texts have one packet a line; pictures of subtitles may come in several that are joined. */
const TEXTS = new Set(['subrip', 'ass', 'ssa', 'webvtt', 'mov_text']);

function checkSubtitles(
  want: StreamPlan,
  request: Pick<VerifyRequest, 'sourceProbe' | 'captionLines'>,
  source?: StreamTimeline,
  result?: StreamTimeline,
): void {
  const codec = request.sourceProbe.streams.find((s) => s.index === want.source)?.codec ?? '';
  const captions = want.action === 'captions' && want.codec;
  const [had, has] = [captions ? request.captionLines : (source?.count ?? 0), result?.count ?? 0];
  const exact = captions === 'subrip' || (want.action === 'copy' && TEXTS.has(codec));
  // MP4 also counts the silence between its lines.
  if ((had > 0 && has === 0) || (exact && has !== had) || (captions && has < had)) {
    throw new Refused(`In the result, ${want.from} has ${has} lines instead of ${had}.`);
  }
}

/** Compares when things are shown. */
export function checkTimes(
  request: Pick<VerifyRequest, 'plan' | 'sourceProbe' | 'decodedFrames' | 'captionLines'>,
  before: Timeline,
  after: Timeline,
): void {
  let anchor: number | undefined;
  let encoded = 0;
  resultStreams(request.plan).forEach((want, index) => {
    if (want.type === 'cover' || want.type === 'attachment') return;
    const source = before.get(want.source);
    const result = after.get(index);
    if (want.type === 'subtitle') {
      checkSubtitles(want, request, source, result);
      return;
    }
    if (!source) return;
    if (!result) throw new Refused(`In the result, ${want.from} is empty.`);
    if (want.action === 'encode') {
      const shift = checkFrames(want, source, result, request.decodedFrames[encoded]);
      encoded += 1;
      anchor ??= shift;
      return;
    }
    const late = (name: 'first' | 'end', tolerance: number) => {
      const moved = result[name] - source[name] - (anchor ?? 0);
      if (Math.abs(moved) <= tolerance) return;
      const where = name === 'first' ? 'begins' : 'ends';
      throw new Refused(
        `In the result, ${want.from} ${where} ${Math.round(moved * 1000)} ms away from where it should.`,
      );
    };
    late('first', SYNC_TOLERANCE);
    if (want.action === 'copy') {
      if (source.count === result.count) return;
      throw new Refused(`In the result, ${want.from} has ${result.count} packets instead of ${source.count}.`);
    }
    late('end', END_TOLERANCE);
    const lost = source.covered - result.covered;
    if (lost > Math.max(HOLE_SECONDS, source.covered * HOLE_SHARE)) {
      throw new Refused(`In the result, ${want.from} lacks ${lost.toFixed(2)} s of sound.`);
    }
  });
}

/** @returns by how much the result's clock is ahead of the source's, in s */
function checkFrames(
  want: VideoEncode,
  source: StreamTimeline,
  result: StreamTimeline,
  decoded: number | undefined,
): number {
  const { times: from } = source;
  const { times: to } = result;
  if (!from?.length || !to?.length) throw new Refused('The result has no pictures.');
  const expected = decoded === undefined ? undefined : decoded * (want.fieldRate ? 2 : 1);
  if (expected !== undefined && expected !== result.count) {
    throw new Refused(`The result has ${result.count} frames, but ${decoded} were decoded from the original.`);
  }
  if (from.length === to.length) {
    const shift = (to[0] ?? 0) - (from[0] ?? 0);
    const worst = from.reduce((most, time, i) => Math.max(most, Math.abs((to[i] ?? 0) - time - shift)), 0);
    if (worst <= FRAME_TOLERANCE) return shift;
    if (source.timed)
      throw new Refused(`A frame of the result is shown ${Math.round(worst * 1000)} ms away from where it should.`);
  }
  // Packets without times of their own (AVI), or that hold no whole picture each: only number and span can be compared.
  for (let i = 1; i < to.length; i++) {
    if ((to[i] ?? 0) <= (to[i - 1] ?? 0)) throw new Refused(`Two frames of the result share one time (${to[i]} s).`);
  }
  const few = mayBeFewer(want, source.count, result.count / (want.fieldRate ? 2 : 1));
  if (decoded === undefined && !few)
    throw new Refused(`The result has ${result.count} frames instead of ${source.count}.`);
  // Pictures before the first key frame cannot be decoded, where a film was cut from a longer one.
  const leading = Math.max(0, (source.keys?.[0] ?? source.first) - source.first);
  const frame = (result.last - result.first) / Math.max(1, result.count - 1);
  const span = result.last - result.first - (source.last - source.first);
  if (Math.abs(span) > leading + SPAN_FRAMES * frame + FRAME_TOLERANCE) {
    throw new Refused(
      `The result's picture is ${Math.abs(span).toFixed(2)} s ${span < 0 ? 'shorter' : 'longer'} than the original's.`,
    );
  }
  return result.last - source.last;
}

/** Two packets a frame are normal where each holds one field; a few lost at a cut into an open GOP are, too. */
function mayBeFewer(want: VideoEncode, packets: number, frames: number): boolean {
  return (
    (want.deinterlace && Math.abs(packets - 2 * frames) <= 2) ||
    Math.abs(packets - frames) <= Math.max(10, packets * 0.01)
  );
}
