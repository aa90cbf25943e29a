import type { Capabilities } from '../fleet/worker-info.ts';
import { languageCarrier } from '../media/language-carrier.ts';
import type { Probe, Stream } from '../media/probe.ts';
import { type Container, FORMATS } from './container.ts';
import { baseLayerOf, type Plan } from './plan.ts';
import type { AudioEncode, StreamPlan, VideoEncode } from './stream-plan.ts';
import { decodeArgs, videoArgs } from './video-args.ts';

/** A file made from the source, and by how many seconds its clock has to be moved to agree with the source's. */
export interface AlignedFile {
  path: string;
  offset: number;
}

/** Pictures that were encoded apart: one MP4 file, or the list of files that ffmpeg reads one after the other. */
export interface PictureFile extends AlignedFile {
  list?: true;
}

/** Absolute paths of one encode. */
export interface EncodeFiles {
  input: string;
  output: string;
  /** Extracted cover pictures, one for each `cover` of the plan, in the plan's order. */
  covers: string[];
  /** Pictures that were encoded apart. */
  pictures?: PictureFile;
  /** Captions that were read from the pictures. */
  captions?: AlignedFile;
  /** Subtitles that were read from teletext, one for each page of the plan, in the plan's order. */
  teletext?: AlignedFile[];
}

/** Per-stream statistics that mkvmerge writes as tags; copied, they would describe the source. */
export const STALE_TAGS = [
  'BPS',
  'DURATION',
  'NUMBER_OF_FRAMES',
  'NUMBER_OF_BYTES',
  '_STATISTICS_WRITING_APP',
  '_STATISTICS_WRITING_DATE_UTC',
  '_STATISTICS_TAGS',
].flatMap((tag) => [tag, `${tag}-eng`]);

/** What ffmpeg lists as tags although the container's head says it; kept with custom tags, they would be the source's. */
const BRANDS = ['major_brand', 'minor_version', 'compatible_brands'];

/** Packets that may wait for a late stream before the muxer gives up; ffmpeg's default of 128 is too few for sparse subtitles. */
const MUXING_QUEUE = 4096;

/** Transport and program streams announce nothing up front: read further, so that late subtitles are seen. */
const DEEP_PROBE = new Set(['mpegts', 'mpegtsraw', 'mpeg']);
export const DEEP_PROBE_ARGS = ['-analyzeduration', '200M', '-probesize', '200M'];

/** True for demuxers that want {@link DEEP_PROBE_ARGS}, in probing and in encoding alike, so that stream numbers agree. */
export function needsDeepProbe(demuxer: string): boolean {
  return DEEP_PROBE.has(demuxer);
}

/** Input options and input: local files only, the probed demuxer forced, and no file name that could be read as an option. */
export function inputArgs(demuxer: string, path: string): string[] {
  return [
    '-protocol_whitelist',
    'file',
    ...(needsDeepProbe(demuxer) ? DEEP_PROBE_ARGS : []),
    '-f',
    demuxer,
    '-i',
    `file:${path}`,
  ];
}

/** Every command that writes a file begins with these. */
export const HEAD = ['-nostdin', '-hide_banner', '-y'];

function audioArgs(audio: AudioEncode, n: number): string[] {
  return [
    `-c:a:${n}`,
    'libopus',
    `-b:a:${n}`,
    `${audio.kbps}k`,
    // With integer samples, ffmpeg lowers the volume when it mixes.
    ...(audio.layout ? [`-filter:a:${n}`, `aformat=sample_fmts=flt:channel_layouts=${audio.layout}`] : []),
    // Family 1 spends the bits that the table grants; the default family delivers a fifth less.
    ...(audio.channels > 2 ? [`-mapping_family:a:${n}`, '1'] : []),
  ];
}

/**
 * Input options for decoding the sound as it was mixed, before any `-i` of the source; a comparison has to decode it so too.
 * @param plans of sound tracks of one input, whose numbers are the source's
 */
export function soundDecodeArgs(plans: StreamPlan[]): string[] {
  return plans.flatMap((s) => (s.action === 'opus' && s.fullRange ? [`-drc_scale:${s.source}`, '0'] : []));
}

/** Reads texts ahead, into separate files. */
const isRead = (s: StreamPlan) => s.action === 'captions' || s.action === 'teletext';

/** Streams that reach the result, in its order: pictures, sound and texts as in the source, captions, attachments, covers. */
export function resultStreams(plan: Plan): StreamPlan[] {
  const kept = plan.streams.filter((s) => s.action !== 'drop');
  const rank = (s: StreamPlan) => (s.type === 'cover' ? 3 : s.type === 'attachment' ? 2 : isRead(s) ? 1 : 0);
  return kept.sort((a, b) => rank(a) - rank(b));
}

/** Labels of a stream that are passed explicitly, because ffmpeg would lose or invent them. */
export type Labels = Pick<Stream, 'dispositions' | 'language' | 'bcp47' | 'title'>;

/** The labels of a source's streams by their index. */
export function labelsOf(probe: Probe): Map<number, Labels> {
  return new Map(probe.streams.map((stream) => [stream.index, stream]));
}

const REPORTING = ['-loglevel', 'level+verbose', '-progress', 'pipe:1', '-nostats', '-stats_period', '1'];

const SPECIFIERS = { video: 'v', audio: 'a', subtitle: 's', attachment: 't', cover: 'v' } as const;
/** ffmpeg's encoder for a text codec of the result. */
export const TEXT_ENCODERS = { subrip: 'srt', mov_text: 'mov_text' };

/**
 * The argument list of the pictures alone, for a plan whose base layer only is kept; undefined for any other. MP4 holds
 * their shape and colors, but no Dolby Vision record unless it is asked to.
 */
export function pictureArgs(
  plan: Plan,
  input: string,
  output: string,
  caps: Capabilities,
  threads?: number,
): string[] | undefined {
  const video = baseLayerOf(plan);
  return video && partArgs(plan.demuxer, video, { path: input }, { path: output, muxer: 'mp4' }, { caps, threads });
}

/** Where a part of the pictures is read. */
interface PartInput {
  path: string;
  part?: {
    /** Added to all times, which are kept otherwise, in s. */
    offset: number;
    /** Seconds after the file's first time that reading starts at: at the key frame before. */
    seek?: number | undefined;
    /** Time of the part's first frame, in s after `offset`; from the first frame of the file where left out. */
    begin?: number | undefined;
    /** Frames of it; all to the end where left out. */
    frames?: number | undefined;
  };
}

/** The argument list of pictures alone, all of them or a part. */
export function partArgs(
  demuxer: string,
  video: VideoEncode,
  { path, part }: PartInput,
  output: { path: string; muxer: string },
  { caps, threads }: { caps: Capabilities; threads?: number | undefined },
): string[] {
  const { offset = 0, seek, begin, frames } = part ?? {};
  return [
    ...HEAD,
    ...REPORTING,
    ...decodeArgs(caps),
    ...(part ? ['-copyts', '-noaccurate_seek', '-itsoffset', offset.toFixed(6)] : []),
    ...(seek === undefined ? [] : ['-ss', String(seek)]),
    ...inputArgs(demuxer, path),
    ...['-map', `0:${video.source}`],
    ...videoArgs(video, 0, caps, threads, begin === undefined ? [] : [`trim=start=${begin.toFixed(6)}`]),
    ...(frames === undefined ? [] : ['-frames:v', String(frames)]),
    ...['-f', output.muxer, `file:${output.path}`],
  ];
}

/**
 * The argument list that writes the result.
 * @param labels of each source stream by its index; flags are set explicitly, because ffmpeg makes the first track of a
 *   kind the default one when none is
 */
export function encodeArgs(
  plan: Plan,
  files: EncodeFiles,
  caps: Capabilities,
  labels: ReadonlyMap<number, Labels>,
  threads?: number,
): string[] {
  const format = FORMATS[plan.container];
  const mapped = resultStreams(plan).filter((s) => s.action !== 'cover' || !format.attachments);
  const covers = format.attachments ? plan.streams.filter((s) => s.action === 'cover') : [];
  const decoding = [...decodeArgs(caps), ...soundDecodeArgs(plan.streams)];
  const args = [...HEAD, ...REPORTING, ...decoding, ...inputArgs(plan.demuxer, files.input)];
  const more = (file: AlignedFile, ...demuxer: string[]) =>
    args.push('-itsoffset', file.offset.toFixed(6), '-f', ...demuxer, '-i', `file:${file.path}`);
  const list = ['concat', '-safe', '0', '-protocol_whitelist', 'file'];
  if (files.pictures) more(files.pictures, ...(files.pictures.list ? list : ['mov']));
  const texts = resultStreams(plan).filter(isRead);
  const pages = [...(files.teletext ?? [])];
  for (const text of texts) {
    const file = text.action === 'captions' ? files.captions : pages.shift();
    if (file) more(file, 'srt');
  }
  for (const s of mapped) {
    if (isRead(s)) args.push('-map', `${texts.indexOf(s) + (files.pictures ? 2 : 1)}:0`);
    else args.push('-map', files.pictures && s.action === 'encode' ? '1:0' : `0:${s.source}`);
  }
  args.push('-c', 'copy');

  const seen: Record<string, number> = {};
  for (const s of mapped) {
    const kind = SPECIFIERS[s.type as keyof typeof SPECIFIERS];
    const n = seen[kind] ?? 0;
    seen[kind] = n + 1;
    if (s.action === 'encode' && !files.pictures) args.push(...videoArgs(s, n, caps, threads));
    if (s.action === 'opus') args.push(...audioArgs(s, n));
    if (s.action === 'text' || s.action === 'captions' || s.action === 'teletext')
      args.push(`-c:s:${n}`, TEXT_ENCODERS[s.codec]);
    if (s.type === 'attachment') args.push(...attachmentArgs(n, s));
    else args.push(...labelArgs(s, `${kind}:${n}`, plan.container, labels.get(s.source), files));
  }
  covers.forEach((cover, i) => {
    args.push('-attach', `file:${files.covers[i]}`, ...attachmentArgs((seen.t ?? 0) + i, cover));
  });
  // Asked for by name, or the date of creation would be dropped.
  args.push('-map_metadata', '0');
  if (plan.title) args.push('-metadata', `title=${plan.title}`);
  for (const tag of STALE_TAGS) args.push('-metadata:s', `${tag}=`);
  args.push('-max_muxing_queue_size', String(MUXING_QUEUE));
  if (plan.customTags) for (const tag of BRANDS) args.push('-metadata', `${tag}=`);
  if (plan.container === 'mp4')
    args.push('-movflags', `+faststart${plan.customTags ? '+use_metadata_tags' : ''}`, '-write_tmcd', '0');
  else if (caps.cuesToFront) args.push('-cues_to_front', '1');
  // The MP4 writer leaves the configuration record of Dolby Vision out by default: it is not part of the ISO format.
  if (plan.container === 'mp4' && plan.streams.some((s) => s.action === 'encode' && s.dolbyVision))
    args.push('-strict', 'unofficial');
  args.push('-f', format.muxer, `file:${files.output}`);
  return args;
}

function attachmentArgs(
  n: number,
  { filename, mimetype }: { filename?: string | undefined; mimetype?: string | undefined },
): string[] {
  const tags = [filename && `filename=${filename}`, mimetype && `mimetype=${mimetype}`].filter((tag) => tag);
  return tags.flatMap((tag) => [`-metadata:s:t:${n}`, tag as string]);
}

function labelArgs(
  stream: StreamPlan,
  at: string,
  container: Container,
  labels: Labels = {},
  files: EncodeFiles,
): string[] {
  const tag = (text: string) => [`-metadata:s:${at}`, text];
  if (stream.action === 'cover') return [`-disposition:${at}`, 'attached_pic'];
  if (stream.action === 'captions') return [`-disposition:${at}`, '0', ...tag('title=Closed captions')];
  if (stream.action === 'teletext') {
    const { page, language, impaired } = stream;
    const flags = [`-disposition:${at}`, impaired ? 'hearing_impaired' : '0'];
    return [...flags, ...tag(`title=Teletext ${page}`), ...(language ? tag(`language=${language}`) : [])];
  }
  const { dispositions, language, bcp47, title } = labels;
  // Of pictures that were encoded apart, the file does not know the names.
  const apart = stream.action === 'encode' && files.pictures !== undefined;
  const stereo = stream.action === 'encode' && stream.stereo;
  return [
    ...(stereo ? tag(`stereo_mode=${stereo}`) : []),
    `-disposition:${at}`,
    dispositions?.join('+') || '0',
    ...(bcp47 && container === 'mkv' ? tag(`language=${languageCarrier(language ?? 'und', bcp47)}`) : []),
    ...(apart && language && !bcp47 ? tag(`language=${language}`) : []),
    ...(apart && title ? tag(`title=${title}`) : []),
  ];
}

/**
 * Reads the source no faster than it plays: the rest of the video is of no use to what takes its first moments, and ffmpeg
 * reads on until every mapped stream has given a packet. `also` maps the pictures, which pace it.
 */
function paced(plan: Plan, input: string): { head: string[]; also: string[] } {
  const pictures = plan.streams.find((s) => s.action === 'encode')?.source;
  return {
    head: [...HEAD, '-loglevel', 'level+verbose', '-re', ...inputArgs(plan.demuxer, input)],
    also: pictures === undefined ? [] : ['-map', `0:${pictures}`, '-c', 'copy', '-f', 'null', '-'],
  };
}

/** Logged by ffmpeg once the header of {@link preflightArgs}' output is written; it can be ended then. */
export const HEADER_WRITTEN = /\[info\] Output #0, /;

/**
 * A trial of the result's header with the streams that are copied, without the encoder: a header that fails after SVT-AV1
 * has opened makes ffmpeg hang indefinitely. Converted texts are what the container holds. Undefined when there is nothing to try.
 */
export function preflightArgs(plan: Plan, input: string, output: string): string[] | undefined {
  const tried = plan.streams.filter((s) => s.action === 'copy' && s.type !== 'attachment');
  if (tried.length === 0) return undefined;
  const { head, also } = paced(plan, input);
  const maps = tried.flatMap((s) => ['-map', `0:${s.source}`]);
  return [...head, ...maps, '-c', 'copy', '-t', '0', '-f', FORMATS[plan.container].muxer, `file:${output}`, ...also];
}

/** Logged by ffmpeg once the picture of {@link coverArgs} is written and closed; it can be ended then. */
export const COVER_WRITTEN = /Statistics: \d+ bytes written/;

/** Writes one cover picture, byte for byte, to `output`. */
export function coverArgs(plan: Plan, source: number, input: string, output: string): string[] {
  const { head, also } = paced(plan, input);
  const picture = ['-map', `0:${source}`, '-c', 'copy', '-frames:v', '1', '-f', 'image2', '-update', '1'];
  return [...head, ...picture, `file:${output}`, ...also];
}
