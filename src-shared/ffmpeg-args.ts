import type { ContentLight, MasteringDisplay } from './media.ts';
import type { Plan } from './plan.ts';
import type { AudioEncode, StreamPlan, VideoEncode } from './stream-plan.ts';
import { RESULT_FORMAT } from './video-plan.ts';
import type { Capabilities } from './worker-info.ts';

/** Absolute paths of one encode. */
export interface EncodeFiles {
  input: string;
  output: string;
  /** Extracted cover pictures, one for each `cover` of the plan, in the plan's order. */
  covers: string[];
}

/** Per-stream statistics that mkvmerge writes as tags; copied, they would describe the source. */
const STALE_TAGS = [
  'BPS',
  'DURATION',
  'NUMBER_OF_FRAMES',
  'NUMBER_OF_BYTES',
  '_STATISTICS_WRITING_APP',
  '_STATISTICS_WRITING_DATE_UTC',
  '_STATISTICS_TAGS',
].flatMap((tag) => [tag, `${tag}-eng`]);

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

const HEAD = ['-nostdin', '-hide_banner', '-y'];

/** SVT-AV1's HDR parameters; it wants plain numbers and silently clamps x265's integer units to garbage. */
function hdrParams(mastering?: MasteringDisplay, light?: ContentLight): string[] {
  const point = ([x, y]: [number, number]) => `(${x},${y})`;
  const params: string[] = [];
  if (mastering) {
    const { green, blue, red, white, maxLuminance, minLuminance } = mastering;
    params.push(
      `mastering-display=G${point(green)}B${point(blue)}R${point(red)}WP${point(white)}L(${maxLuminance},${minLuminance})`,
    );
  }
  if (light) params.push(`content-light=${light.maxCll},${light.maxFall}`);
  return params;
}

function deinterlacer({ deinterlace, fieldRate }: VideoEncode): string | undefined {
  if (!deinterlace) return undefined;
  const which = deinterlace === 'flagged' ? 'deint=interlaced' : `parity=${deinterlace}:deint=all`;
  return `bwdif=mode=${fieldRate ? 'send_field' : 'send_frame'}:${which}`;
}

/** What is done to the picture before it is encoded; a comparison has to do the same to the source. */
export function pictureFilters(video: VideoEncode): string[] {
  return [
    deinterlacer(video),
    video.fromRgb && 'scale=out_color_matrix=bt709:out_range=tv',
    video.limitRange && 'scale=out_range=tv',
    video.pad && 'pad=ceil(iw/2)*2:ceil(ih/2)*2',
  ].filter((filter) => typeof filter === 'string');
}

function videoArgs(video: VideoEncode, n: number, caps: Capabilities): string[] {
  const v = `:v:${n}`;
  const filters = pictureFilters(video);
  const hdr = caps.svtav1Params ? hdrParams(video.mastering, video.contentLight) : [];
  return [
    `-c${v}`,
    'libsvtav1',
    `-preset${v}`,
    String(video.preset),
    `-crf${v}`,
    String(video.crf),
    `-g${v}`,
    String(video.keyint),
    `-pix_fmt${v}`,
    RESULT_FORMAT,
    // The default timing mode drops and repeats frames of variable-rate films and shifts constant-rate ones.
    ...(caps.fpsMode ? [`-fps_mode${v}`, 'passthrough'] : ['-vsync', 'passthrough']),
    `-enc_time_base${v}`,
    '-1',
    ...(video.nominalRate ? [`-r${v}`, String(video.nominalRate)] : []),
    ...(filters.length > 0 ? [`-filter${v}`, filters.join(',')] : []),
    ...(video.fromRgb ? [`-colorspace${v}`, 'bt709'] : []),
    ...(video.fromRgb || video.limitRange ? [`-color_range${v}`, 'tv'] : []),
    // Unknown SVT-AV1 parameters only warn unless errors are made fatal.
    ...(hdr.length > 0 ? [`-svtav1-params${v}`, hdr.join(':'), `-err_detect${v}`, 'explode'] : []),
  ];
}

function audioArgs(audio: AudioEncode, n: number): string[] {
  return [
    `-c:a:${n}`,
    'libopus',
    `-b:a:${n}`,
    `${audio.kbps}k`,
    ...(audio.layout ? [`-filter:a:${n}`, `aformat=channel_layouts=${audio.layout}`] : []),
    // Family 1 spends the bits that the table grants; the default family delivers a fifth less.
    ...(audio.channels > 2 ? [`-mapping_family:a:${n}`, '1'] : []),
  ];
}

/** Streams that reach the result, in its order: pictures, sound and texts as in the source, then attachments. */
export function resultStreams(plan: Plan): StreamPlan[] {
  const kept = plan.streams.filter((s) => s.action !== 'drop');
  const rank = (s: StreamPlan) => (s.type === 'cover' ? 2 : s.type === 'attachment' ? 1 : 0);
  return kept.sort((a, b) => rank(a) - rank(b));
}

/**
 * The argument list of an encode.
 * @param dispositions flags of each source stream by its index; set explicitly, because ffmpeg makes the first track
 *   of a kind the default one when none is
 */
export function encodeArgs(
  plan: Plan,
  files: EncodeFiles,
  caps: Capabilities,
  dispositions: ReadonlyMap<number, string[]>,
): string[] {
  const mapped = resultStreams(plan).filter((s) => s.action !== 'cover');
  const covers = plan.streams.filter((s) => s.action === 'cover');
  const args = [...HEAD, '-loglevel', 'level+verbose', '-progress', 'pipe:1', '-nostats', '-stats_period', '1'];
  args.push(...inputArgs(plan.demuxer, files.input));
  for (const s of mapped) args.push('-map', `0:${s.source}`);
  args.push('-c', 'copy');

  const seen: Record<string, number> = {};
  for (const s of mapped) {
    const n = seen[s.type] ?? 0;
    seen[s.type] = n + 1;
    if (s.action === 'encode') args.push(...videoArgs(s, n, caps));
    if (s.action === 'opus') args.push(...audioArgs(s, n));
    if (s.action === 'subrip') args.push(`-c:s:${n}`, 'srt');
    if (s.type === 'attachment') {
      if (s.filename) args.push(`-metadata:s:t:${n}`, `filename=${s.filename}`);
      if (s.mimetype) args.push(`-metadata:s:t:${n}`, `mimetype=${s.mimetype}`);
    } else {
      args.push(`-disposition:${s.type[0]}:${n}`, dispositions.get(s.source)?.join('+') || '0');
    }
  }
  covers.forEach((cover, i) => {
    const t = `-metadata:s:t:${(seen.attachment ?? 0) + i}`;
    args.push('-attach', `file:${files.covers[i]}`, t, `mimetype=${cover.mimetype}`, t, `filename=${cover.filename}`);
  });
  // Asked for by name, or the date of creation would be dropped.
  args.push('-map_metadata', '0');
  for (const tag of STALE_TAGS) args.push('-metadata:s', `${tag}=`);
  args.push('-max_muxing_queue_size', String(MUXING_QUEUE));
  if (caps.cuesToFront) args.push('-cues_to_front', '1');
  args.push('-f', 'matroska', `file:${files.output}`);
  return args;
}

/**
 * A trial of the Matroska header with the streams that are copied or converted as text, without the encoder: a header
 * that fails after SVT-AV1 has opened makes ffmpeg hang for ever. Undefined when there is nothing to try.
 */
export function preflightArgs(plan: Plan, input: string): string[] | undefined {
  const tried = plan.streams.filter((s) => (s.action === 'copy' && s.type !== 'attachment') || s.action === 'subrip');
  if (tried.length === 0) return undefined;
  const args = [...HEAD, '-loglevel', 'error', ...inputArgs(plan.demuxer, input)];
  for (const s of tried) args.push('-map', `0:${s.source}`);
  args.push('-c', 'copy');
  tried
    .filter((s) => s.type === 'subtitle')
    .forEach((s, n) => {
      if (s.action === 'subrip') args.push(`-c:s:${n}`, 'srt');
    });
  return [...args, '-t', '0', '-f', 'matroska', 'pipe:1'];
}

/** Writes one cover picture, byte for byte, to `output`. */
export function coverArgs(plan: Plan, source: number, input: string, output: string): string[] {
  const head = [...HEAD, '-loglevel', 'error', ...inputArgs(plan.demuxer, input)];
  return [...head, '-map', `0:${source}`, '-c', 'copy', '-f', 'image2', '-update', '1', `file:${output}`];
}
