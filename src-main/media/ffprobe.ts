import path from 'node:path';
import { z } from 'zod';
import { Fault } from '../../src-shared/errors.ts';
import { DEEP_PROBE_ARGS, needsDeepProbe } from '../../src-shared/ffmpeg-args.ts';
import type {
  AudioStream,
  Colour,
  ContentLight,
  MasteringDisplay,
  Probe,
  Stream,
  VideoStream,
} from '../../src-shared/media.ts';
import { visibleSize } from '../../src-shared/video-plan.ts';
import type { Tools } from './capabilities.ts';
import { measureFields } from './combing.ts';
import { readTracks } from './matroska.ts';
import { holdsObjects, OBJECT_CODECS } from './object-audio.ts';
import type { ProcessManager } from './process.ts';

/** A probe that takes longer is stuck on a broken file or a dead mount. */
const PROBE_MS = 60_000;
/** Decoded frames that are looked at for interlacing and HDR metadata. */
const FRAMES = 20;
/** Packets of a sound track that are looked at for objects; TrueHD describes itself in one of 128. */
const [OBJECT_PACKETS, TRUEHD_PACKETS] = [4, 130];
/** Films longer than this, in s, are looked at in these places too, as shares of their length. */
const LONG = 60;
const LATER_PLACES = [0.25, 0.5, 0.75];
const LATER_FRAMES = 4;

const text = z.string().optional();
const number = z.coerce.number().optional().catch(undefined);

const SideData = z.looseObject({ side_data_type: text });
type SideData = z.infer<typeof SideData>;

const FfprobeStream = z.object({
  index: z.number(),
  codec_type: text,
  codec_name: text,
  codec_tag_string: text,
  profile: z.coerce.string().optional(),
  width: z.number().default(0),
  height: z.number().default(0),
  pix_fmt: text,
  sample_aspect_ratio: text,
  avg_frame_rate: text,
  r_frame_rate: text,
  duration: number,
  start_time: number,
  bit_rate: number,
  channels: z.number().default(0),
  channel_layout: text,
  sample_rate: number,
  color_range: text,
  color_space: text,
  color_transfer: text,
  color_primaries: text,
  disposition: z.record(z.string(), z.number()).default({}),
  tags: z.record(z.string(), z.string()).default({}),
  side_data_list: z.array(SideData).default([]),
});
type FfprobeStream = z.infer<typeof FfprobeStream>;

const FfprobeFrame = z.object({
  interlaced_frame: z.number().default(0),
  side_data_list: z.array(SideData).default([]),
});
type FfprobeFrame = z.infer<typeof FfprobeFrame>;

/** ffprobe's hexadecimal print: an address, up to eight groups of two bytes, and the same as text. */
const FfprobePacket = z.object({
  data: z
    .string()
    .default('')
    .transform((dump) => {
      const lines = dump.matchAll(/^[0-9a-f]{8}: ((?:[0-9a-f]{2,4} ){1,8})/gm);
      return Buffer.from([...lines].map(([, hex = '']) => hex.replaceAll(' ', '')).join(''), 'hex');
    }),
});

const Report = z.object({
  packets: z.array(FfprobePacket).default([]),
  streams: z.array(FfprobeStream).default([]),
  chapters: z.array(z.unknown()).default([]),
  format: z.object({ format_name: z.string(), duration: number, start_time: number }).optional(),
  frames: z.array(FfprobeFrame).default([]),
});

/** `24000/1001` or `0.68` as a number; undefined for nothing, zero or `0/0`. */
function ratio(value: unknown): number | undefined {
  const [over, under = '1'] = String(value ?? '').split('/');
  const n = Number(over) / Number(under);
  return Number.isFinite(n) && n > 0 ? n : undefined;
}

/** Seconds from ffprobe's number or Matroska's tag `00:00:03.003000000`. */
function seconds(value: number | undefined, tag: string | undefined): number | undefined {
  const [, h, m, s] = /^(\d+):(\d+):([\d.]+)$/.exec(tag ?? '') ?? [];
  const n = value ?? (h ? Number(h) * 3600 + Number(m) * 60 + Number(s) : undefined);
  return n && n > 0 ? n : undefined;
}

const known = (value: string | undefined) =>
  value && !['unknown', 'unspecified', 'reserved'].includes(value) ? value : undefined;

/** An object without its undefined fields, so that probes stay small in the database. */
function compact<T extends object>(object: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, v]) => v !== undefined)) as never;
}

const find = (sides: SideData[], type: RegExp) => sides.find((s) => type.test(s.side_data_type ?? ''));

function mastering(sides: SideData[]): MasteringDisplay | undefined {
  const d = find(sides, /^Mastering display/);
  const value = (key: string) => Number((ratio(d?.[key]) ?? 0).toFixed(5));
  if (!d || !ratio(d.red_x) || !ratio(d.max_luminance)) return undefined;
  return {
    red: [value('red_x'), value('red_y')],
    green: [value('green_x'), value('green_y')],
    blue: [value('blue_x'), value('blue_y')],
    white: [value('white_point_x'), value('white_point_y')],
    maxLuminance: value('max_luminance'),
    minLuminance: value('min_luminance'),
  };
}

function contentLight(sides: SideData[]): ContentLight | undefined {
  const d = find(sides, /^Content light/);
  return d && { maxCll: Number(d.max_content ?? 0), maxFall: Number(d.max_average ?? 0) };
}

function dolbyVision(sides: SideData[]): VideoStream['dolbyVision'] {
  const record = find(sides, /^DOVI configuration/);
  if (record) {
    return {
      profile: Number(record.dv_profile ?? 0),
      compatibility: Number(record.dv_bl_signal_compatibility_id ?? 0),
    };
  }
  return find(sides, /^Dolby Vision/) && { profile: 0, compatibility: 0 };
}

function videoStream(s: FfprobeStream, frames: FfprobeFrame[]): VideoStream {
  const sides = [...s.side_data_list, ...frames.flatMap((f) => f.side_data_list)];
  const colour: Colour = compact({
    range: known(s.color_range),
    matrix: known(s.color_space),
    transfer: known(s.color_transfer),
    primaries: known(s.color_primaries),
  });
  const aspect = ratio(s.sample_aspect_ratio?.replace(':', '/'));
  const rotation = Number(find(sides, /^Display Matrix/)?.rotation ?? 0);
  const interlaced = frames.filter((f) => f.interlaced_frame === 1).length / Math.max(1, frames.length);
  const found = (type: RegExp) => (find(sides, type) ? (true as const) : undefined);
  return compact({
    ...common(s),
    type: 'video' as const,
    width: s.width,
    height: s.height,
    pixelFormat: known(s.pix_fmt),
    pixelAspect: aspect === 1 ? undefined : aspect,
    frameRate: ratio(s.avg_frame_rate),
    maxFrameRate: ratio(s.r_frame_rate),
    duration: seconds(s.duration, s.tags.DURATION),
    colour: Object.keys(colour).length > 0 ? colour : undefined,
    interlaced: interlaced > 0 ? interlaced : undefined,
    rotation: rotation || undefined,
    mastering: mastering(sides),
    contentLight: contentLight(sides),
    hdr10Plus: found(/2094-40|HDR10\+/),
    dolbyVision: dolbyVision(sides),
    alpha: s.tags.alpha_mode === '1' || s.tags.ALPHA_MODE === '1' ? (true as const) : undefined,
    captions: found(/A53|Closed Captions/),
  }) as VideoStream;
}

function common(s: FfprobeStream) {
  const dispositions = Object.keys(s.disposition).filter(
    (flag) => s.disposition[flag] === 1 && flag !== 'attached_pic',
  );
  return {
    index: s.index,
    codec: known(s.codec_name) === 'none' ? undefined : known(s.codec_name),
    profile: known(s.profile),
    language: s.tags.language === 'und' ? undefined : s.tags.language,
    title: s.tags.title,
    dispositions: dispositions.length > 0 ? dispositions : undefined,
    start: s.start_time,
    bitRate: s.bit_rate ?? (Number(s.tags.BPS ?? s.tags['BPS-eng']) || undefined),
  };
}

function toStream(s: FfprobeStream, frames: FfprobeFrame[]): Stream {
  const tagged = { filename: s.tags.filename, mimetype: s.tags.mimetype };
  if (s.codec_type === 'video') {
    const picture = s.disposition.attached_pic === 1 || s.disposition.timed_thumbnails === 1;
    return picture ? (compact({ ...common(s), type: 'cover' as const, ...tagged }) as Stream) : videoStream(s, frames);
  }
  if (s.codec_type === 'audio') {
    const layout = s.channel_layout && !/^\d+ channels|unknown/.test(s.channel_layout) ? s.channel_layout : undefined;
    const { channels, sample_rate: sampleRate } = s;
    return compact({ ...common(s), type: 'audio' as const, channels, layout, sampleRate }) as Stream;
  }
  const type = s.codec_type === 'subtitle' || s.codec_type === 'attachment' ? s.codec_type : 'data';
  const tag = s.codec_tag_string?.startsWith('[') ? undefined : s.codec_tag_string;
  return compact({ ...common(s), type, tag: type === 'data' ? tag : undefined, ...tagged }) as Stream;
}

/** Containers that results can have too, by the names that files of them have. */
const OWN_CONTAINERS: Record<string, [demuxer: RegExp, container: NonNullable<Probe['container']>]> = {
  '.mp4': [/\bmp4\b/, 'mp4'],
  '.m4v': [/\bmp4\b/, 'mp4'],
  '.webm': [/\bwebm\b/, 'webm'],
};

function ownContainer(file: string, format: string): Probe['container'] {
  const [demuxer, container] = OWN_CONTAINERS[path.extname(file).toLowerCase()] ?? [];
  return demuxer?.test(format) ? container : undefined;
}

/** Adds what Matroska says and ffprobe does not tell. */
async function addTracks(file: string, streams: Stream[]): Promise<void> {
  for (const [index, track] of ((await readTracks(file)) ?? []).entries()) {
    const stream = streams[index];
    if (!stream || (stream.type !== track.type && !(stream.type === 'data' && track.type === 'metadata'))) continue;
    if (track.language && track.language !== 'und') stream.bcp47 = track.language;
    if (stream.type !== 'video' || !track.crop) continue;
    stream.crop = track.crop;
    const { width, height } = visibleSize(stream);
    // Without a size to be displayed at, or with one whose unit says nothing, pixels are square (RFC 9559, 5.1.4.1.28.12).
    const { displayWidth, displayHeight, displayUnit = 0 } = track;
    const aspect =
      displayWidth && displayHeight && displayUnit < 4 ? (displayWidth / displayHeight) * (height / width) : 1;
    if (Math.abs(aspect - 1) < 0.001) delete stream.pixelAspect;
    else stream.pixelAspect = aspect;
  }
}

/** Asks ffprobe about a media file. */
export class Prober {
  readonly #processes: ProcessManager;
  readonly #tools: Tools;

  constructor(processes: ProcessManager, tools: Tools) {
    this.#processes = processes;
    this.#tools = tools;
  }

  /**
   * Streams, chapters, and the first decoded frames, where HDR metadata, captions and interlacing show.
   * @throws Fault `conflict` when the file cannot be read as media, with ffprobe's reason
   */
  async probe(file: string, signal?: AbortSignal): Promise<Probe> {
    const first = await this.#ask(file, [], ['-show_format', '-show_streams', '-show_chapters'], signal);
    const demuxer = first.format?.format_name.split(',')[0] ?? '';
    const deep = needsDeepProbe(demuxer) ? DEEP_PROBE_ARGS : [];
    const report =
      deep.length > 0
        ? await this.#ask(file, deep, ['-show_format', '-show_streams', '-show_chapters'], signal)
        : first;
    if (!report.format) throw new Fault('conflict', 'ffprobe finds no media in it.');
    const streams: Stream[] = [];
    const claimed = report.format.duration ?? 0;
    for (const s of report.streams) {
      const film = s.codec_type === 'video' && s.disposition.attached_pic !== 1 && s.codec_name && s.width > 0;
      const stream = toStream(s, film ? await this.#frames(file, deep, s.index, claimed, signal) : []);
      if (film && stream.type === 'video') {
        const fields = await measureFields(this.#processes, this.#tools, file, demuxer, stream, claimed, signal);
        if (fields) stream.fields = fields;
      }
      if (stream.type === 'audio' && (await this.#hasObjects(file, deep, stream, signal))) stream.objects = true;
      streams.push(stream);
    }
    const { format_name: format, duration, start_time: start } = report.format;
    if (demuxer === 'matroska') await addTracks(file, streams);
    const container = ownContainer(file, format);
    return {
      format,
      ...(container && { container }),
      ...(duration && duration > 0 && { duration }),
      ...(start && { start }),
      streams,
      chapters: report.chapters.length,
    };
  }

  /** The first frames, and a few in the middle of a long film: captions and dynamic metadata may begin late. */
  async #frames(
    file: string,
    deep: string[],
    index: number,
    duration: number,
    signal?: AbortSignal,
  ): Promise<FfprobeFrame[]> {
    const later =
      duration > LONG ? LATER_PLACES.map((share) => `${(share * duration).toFixed(3)}%+#${LATER_FRAMES}`) : [];
    const first = `%+#${FRAMES}`;
    for (const places of later.length > 0 ? [[first, ...later], [first]] : [[first]]) {
      const entries = ['-show_frames', '-show_entries', 'frame=interlaced_frame:frame_side_data_list'];
      const what = ['-read_intervals', places.join(','), '-select_streams', String(index), ...entries];
      try {
        return (await this.#ask(file, deep, what, signal)).frames;
      } catch (error) {
        // A stream that does not decode is the encoder's finding to make; its header was readable. Nor can all be sought in.
        if (!(error instanceof Fault && error.code === 'conflict')) throw error;
      }
    }
    return [];
  }

  async #hasObjects(file: string, deep: string[], stream: AudioStream, signal?: AbortSignal): Promise<boolean> {
    const { codec = '', index } = stream;
    if (!OBJECT_CODECS.has(codec)) return false;
    const count = codec === 'truehd' ? TRUEHD_PACKETS : OBJECT_PACKETS;
    const first = ['-select_streams', String(index), '-read_intervals', `%+#${count}`];
    const { packets } = await this.#ask(file, deep, [...first, '-show_packets', '-show_data'], signal);
    return packets.some(({ data }) => holdsObjects(codec, data));
  }

  async #ask(file: string, deep: string[], what: string[], signal?: AbortSignal) {
    const args = [
      '-hide_banner',
      '-v',
      'error',
      '-protocol_whitelist',
      'file',
      ...deep,
      ...what,
      '-of',
      'json',
      '-i',
      `file:${file}`,
    ];
    const { end, stdout, stderr } = await this.#processes.capture(this.#tools.ffprobe, args, {
      timeoutMs: PROBE_MS,
      ...(signal && { signal }),
    });
    if (end.kind === 'cancelled') throw signal?.reason ?? new Error('cancelled');
    if (end.kind === 'stalled') throw new Fault('conflict', `ffprobe found no answer in ${PROBE_MS / 1000} seconds.`);
    if (end.kind === 'killed') throw new Fault('node', `ffprobe was killed (${end.signal}).`);
    if (end.code !== 0) throw new Fault('conflict', plainReason(stderr, file));
    return Report.parse(JSON.parse(stdout));
  }
}

/** ffprobe's last words without addresses and paths. */
function plainReason(stderr: string[], file: string): string {
  const last = stderr
    .at(-1)
    ?.replaceAll(`file:${file}`, '')
    .replaceAll(file, '')
    .replace(/^\[[^\]]*\]\s*/, '')
    .replace(/^[:\s]+/, '');
  return `ffprobe cannot read it: ${last || 'no reason given'}.`;
}
