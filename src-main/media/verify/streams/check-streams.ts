import type { MasteringDisplay, Probe, Stream, VideoStream } from '../../../../src-shared/media/probe.ts';
import type { Container } from '../../../../src-shared/plan/container.ts';
import { resultStreams } from '../../../../src-shared/plan/ffmpeg-args.ts';
import type { Plan } from '../../../../src-shared/plan/plan.ts';
import type { StreamPlan, VideoEncode } from '../../../../src-shared/plan/stream-plan.ts';
import { isTurned, RESULT_FORMAT } from '../../../../src-shared/plan/video-plan.ts';
import { VerificationError } from '../verify-request.ts';

/** Flags that Matroska knows. */
const FLAGS = ['default', 'forced', 'hearing_impaired', 'visual_impaired', 'original', 'comment'];
/** Matroska holds the shape of the picture as whole pixels. */
const ASPECT_TOLERANCE = 0.005;
/** What fixed point may change of HDR values: 0.16 bits for chromaticities, 18.14 and 24.8 for luminances (AV1 specification, 6.7.4). */
const HDR_TOLERANCE = 0.0001;
const MAX_LUMINANCE_TOLERANCE = 2 ** -8;

const kindOf = (s: StreamPlan) => s.type;

/** Compares the streams of the result with the plan. */
export function checkStreams(plan: Plan, source: Probe, result: Probe): void {
  const wanted = resultStreams(plan);
  // In MP4 the titles of chapters are a track of their own.
  const got = result.streams.filter((s) => !(plan.container === 'mp4' && s.type === 'data' && source.chapters > 0));
  const list = (kinds: string[]) => kinds.join(', ') || 'nothing';
  if (list(wanted.map(kindOf)) !== list(got.map((s) => s.type))) {
    throw new VerificationError(
      `The result holds ${list(got.map((s) => s.type))} instead of ${list(wanted.map(kindOf))}.`,
    );
  }
  if (source.chapters !== result.chapters)
    throw new VerificationError(`The result has ${result.chapters} chapters instead of ${source.chapters}.`);
  // Programs put as many signs as they like in the place of bytes that are no text.
  const titleOf = ({ title }: Probe) => title?.replace(/\ufffd+/g, '\ufffd');
  if (source.title && titleOf(result) !== titleOf(source))
    throw new VerificationError(`The result is called "${result.title ?? ''}" instead of "${source.title}".`);
  wanted.forEach((want, i) => {
    const original = source.streams.find((s) => s.index === want.source);
    const stream = got[i];
    if (want.action === 'teletext') {
      const { codec, language, impaired = false } = want;
      const is = [stream?.codec, stream?.language, stream?.dispositions?.includes('hearing_impaired') ?? false];
      if (`${is}` !== `${[codec, language, impaired]}`)
        throw new VerificationError(`${want.from} became ${is.join(', ')} instead of ${want.to}.`);
    } else if (want.action === 'captions') {
      if (stream?.codec !== want.codec)
        throw new VerificationError(`The captions became ${stream?.codec} instead of ${want.to}.`);
    } else if (original && stream) checkStream(want, original, stream, plan.container);
  });
}

function checkStream(want: StreamPlan, original: Stream, stream: Stream, container: Container): void {
  const differs = (what: string, is: unknown, should: unknown) =>
    new VerificationError(
      `In the result, ${want.from} has the ${what} "${is ?? 'none'}" instead of "${should ?? 'none'}".`,
    );
  if (want.type === 'cover' || want.type === 'attachment') return;
  if (stream.language !== original.language) throw differs('language', stream.language, original.language);
  // Only Matroska has both; ffmpeg's table can't say whether the two are the same.
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
  differs: (what: string, is: unknown, should: unknown) => VerificationError,
): void {
  const size = (v: { width: number; height: number }) => `${v.width}x${v.height}`;
  if (size(video) !== size(want)) throw differs('size', size(video), size(want));
  if (video.pixelFormat !== RESULT_FORMAT) throw differs('pixel format', video.pixelFormat, RESULT_FORMAT);
  if (video.rotation) throw differs('rotation', video.rotation, 0);
  const profile = video.dolbyVision && `${video.dolbyVision.profile}.${video.dolbyVision.compatibility}`;
  const kept = want.dolbyVision && `10.${want.dolbyVision}`;
  if (profile !== kept) throw differs('Dolby Vision profile', profile, kept);
  for (const field of ['range', 'matrix', 'transfer', 'primaries'] as const) {
    // Every AV1 stream has a range.
    const should = want.colour[field] ?? (field === 'range' ? 'tv' : undefined);
    if (video.colour?.[field] !== should) throw differs(`color ${field}`, video.colour?.[field], should);
  }
  if (video.stereo !== want.stereo) throw differs('stereo mode', video.stereo, want.stereo);
  if (video.containerColour) {
    throw differs('container colors', JSON.stringify(video.containerColour), JSON.stringify(want.colour));
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
