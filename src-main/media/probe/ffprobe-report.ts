import { z } from 'zod';
import type {
  Colour,
  ContentLight,
  MasteringDisplay,
  Probe,
  Stream,
  VideoStream,
} from '../../../src-shared/media/probe.ts';
import { firstChange, known, Shape } from './shape.ts';
import { Heard, layoutName } from './sound-probe.ts';
import { stereoOf } from './stereo.ts';

const text = z.string().optional();
const number = z.coerce.number().optional().catch(undefined);

const SideData = z.looseObject({ side_data_type: text });
type SideData = z.infer<typeof SideData>;

/** Tags by their keys in lower case: ffmpeg ignores case, and takes the first of several keys that differ in nothing else. */
const Tags = z
  .record(z.string(), z.string())
  .default({})
  .transform((tags): Record<string, string | undefined> => {
    const entries = Object.entries(tags).map(([key, value]) => [key.toLowerCase(), value] as const);
    return Object.fromEntries(entries.reverse());
  });

/** ffprobe's hexadecimal print: an address, up to eight groups of two bytes, and the same as text. */
const Dump = z
  .string()
  .default('')
  .transform((dump) => {
    const lines = dump.matchAll(/^[0-9a-f]{8}: ((?:[0-9a-f]{2,4} ){1,8})/gm);
    return Buffer.from([...lines].map(([, hex = '']) => hex.replaceAll(' ', '')).join(''), 'hex');
  });

const FfprobeStream = z.object({
  index: z.number(),
  /** The container's own number of it, hexadecimal; the track ID of MP4. */
  id: text,
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
  extradata_size: number,
  nb_frames: number,
  color_range: text,
  color_space: text,
  color_transfer: text,
  color_primaries: text,
  disposition: z.record(z.string(), z.number()).default({}),
  tags: Tags,
  side_data_list: z.array(SideData).default([]),
  extradata: Dump,
});
export type FfprobeStream = z.infer<typeof FfprobeStream>;

const FfprobeFrame = Shape.extend({
  interlaced_frame: z.number().default(0),
  side_data_list: z.array(SideData).default([]),
});
export type FfprobeFrame = z.infer<typeof FfprobeFrame>;

const FfprobePacket = z.object({ pts_time: number, flags: z.string().default(''), data: Dump });

/** What ffprobe prints as JSON, as far as it is asked. */
export const Report = z.object({
  packets: z.array(FfprobePacket).default([]),
  packets_and_frames: z.array(Heard).default([]),
  streams: z.array(FfprobeStream).default([]),
  chapters: z.array(z.unknown()).default([]),
  format: z.object({ format_name: z.string(), duration: number, start_time: number, tags: Tags }).optional(),
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
  const light = d && { maxCll: Number(d.max_content ?? 0), maxFall: Number(d.max_average ?? 0) };
  // Both zero means that neither is known (CTA-861.3-A, annex A).
  return light && (light.maxCll > 0 || light.maxFall > 0) ? light : undefined;
}

function dolbyVision(sides: SideData[]): VideoStream['dolbyVision'] {
  const record = find(sides, /^DOVI configuration/);
  if (record) {
    return {
      profile: Number(record.dv_profile ?? 0),
      compatibility: Number(record.dv_bl_signal_compatibility_id ?? 0),
      ...(Number(record.el_present_flag ?? 0) === 1 && { enhanced: true as const }),
    };
  }
  return find(sides, /^Dolby Vision/) && { profile: 0, compatibility: 0 };
}

/** Metadata that changes from scene to scene and has no rule of its own here, by ffmpeg's name for it. */
function otherDynamic(sides: SideData[]): string | undefined {
  const side = sides.find(({ side_data_type: type = '' }) => DYNAMIC.test(type) && !/2094-40|HDR10\+/.test(type));
  return /Vivid/.test(side?.side_data_type ?? '') ? 'HDR Vivid' : side?.side_data_type;
}
const DYNAMIC = /Dynamic (HDR|Metadata)|2094|Vivid/i;

const matrixIn = (sides: SideData[]) => find(sides, /^(Display Matrix|3x3 displaymatrix)/);

/**
 * How the pictures are turned. ffmpeg calls the matrix of a stream `Display Matrix` and that of a frame `3x3 displaymatrix`. It turns
 * each picture by its own one, and by the stream's if it has none; a message at a key frame that speaks of all until the next one
 * (H.264, D.2.26) turns only that key frame.
 */
function rotationOf(s: FfprobeStream, frames: FfprobeFrame[]): { rotation: number; change: string | undefined } {
  const ofStream = matrixIn(s.side_data_list);
  const turns = frames.map((f) => Number((matrixIn(f.side_data_list) ?? ofStream)?.rotation ?? 0));
  const rotation = turns[0] ?? Number(ofStream?.rotation ?? 0);
  const other = turns.find((turn) => turn !== rotation);
  return { rotation, change: other === undefined ? undefined : `the rotation from ${rotation}° to ${other}°` };
}

const COLOURS = ['color_range', 'color_space', 'color_transfer', 'color_primaries'] as const;

/** Codecs whose fields ffmpeg does not join, so that every flagged frame is one field of half the height. */
const FIELD_BY_FIELD = new Set(['hevc', 'vvc']);

function videoStream(s: FfprobeStream, frames: FfprobeFrame[]): VideoStream {
  const sides = [...s.side_data_list, ...frames.flatMap((f) => f.side_data_list)];
  // Decoded values come first: messages of the stream overrule its header (H.265, D.3.38), and ffprobe may report either.
  const value = (key: (typeof COLOURS)[number]) => known(frames[0]?.[key]) ?? known(s[key]);
  const [range, matrix, transfer, primaries] = COLOURS.map(value);
  const colour: Colour = compact({ range, matrix, transfer, primaries });
  const aspect = ratio(s.sample_aspect_ratio?.replace(':', '/'));
  const { rotation, change } = rotationOf(s, frames);
  const interlaced = frames.filter((f) => f.interlaced_frame === 1).length / Math.max(1, frames.length);
  // These decoders give a frame for each coded field, where others join two (H.265, D.3.3: pic_struct 1, 2, 9 to 12).
  const flagged = interlaced > 0 && FIELD_BY_FIELD.has(s.codec_name ?? '');
  const singleFields = flagged || (frames[0] && frames[0].height * 2 === s.height);
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
    duration: seconds(s.duration, s.tags.duration ?? s.tags['duration-eng']),
    colour: Object.keys(colour).length > 0 ? colour : undefined,
    interlaced: interlaced > 0 ? interlaced : undefined,
    changes: firstChange(frames) ?? change,
    singleFields: singleFields ? (true as const) : undefined,
    rotation: rotation || undefined,
    mastering: mastering(sides),
    contentLight: contentLight(sides),
    hdr10Plus: found(/2094-40|HDR10\+/),
    dynamicHdr: otherDynamic(sides),
    ambient: found(/^Ambient viewing/),
    stereo: stereoOf(find(sides, /^Stereo 3D/)),
    dolbyVision: dolbyVision(sides),
    alpha: s.tags.alpha_mode === '1' ? (true as const) : undefined,
    captions: found(/A53|Closed Captions/),
  }) as VideoStream;
}

/** Tags that MP4 has places of its own for, and those that ffmpeg makes of other parts of the file (tried with 5.1, 7.1 and 9.0). */
const PLAYER_TAGS = new Set(
  'title artist album_artist composer album date comment genre copyright grouping lyrics description synopsis show episode_id network keywords season_number episode_sort media_type hd_video gapless_playback compilation track disc'.split(
    ' ',
  ),
);
const FILE_TAGS = new Set(
  'major_brand minor_version compatible_brands creation_time encoder location language handler_name vendor_id timecode title'.split(
    ' ',
  ),
);

/** What kinds of tags an MP4 file has, where the less common ones need care. */
export function tagKinds(tags: Record<string, string | undefined>): Pick<Probe, 'customTags' | 'playerTags'> {
  const keys = [...new Set(Object.keys(tags).map((key) => key.replace(/-[a-z]{3}$/, '')))];
  const customTags = keys.filter((key) => !PLAYER_TAGS.has(key) && !FILE_TAGS.has(key));
  if (customTags.length === 0) return {};
  return { customTags, ...(keys.some((key) => PLAYER_TAGS.has(key)) && { playerTags: true }) };
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
    bitRate: s.bit_rate ?? (Number(s.tags.bps ?? s.tags['bps-eng']) || undefined),
  };
}

/** Codecs of pictures that are still, which a cover without a flag is in. */
export const STILL_CODECS = new Set(['mjpeg', 'png', 'bmp', 'webp', 'tiff']);

/**
 * A stream as ffprobe reports it, with what its first frames add.
 * @param still it holds a single picture: a cover, flagged as such or not
 */
export function toStream(s: FfprobeStream, frames: FfprobeFrame[], still = false): Stream {
  const tagged = { filename: s.tags.filename, mimetype: s.tags.mimetype };
  if (s.codec_type === 'video') {
    const picture = s.disposition.attached_pic === 1 || s.disposition.timed_thumbnails === 1;
    return picture || still
      ? (compact({ ...common(s), type: 'cover' as const, ...tagged }) as Stream)
      : videoStream(s, frames);
  }
  if (s.codec_type === 'audio') {
    const layout = layoutName(s.channel_layout);
    const { channels, sample_rate: sampleRate } = s;
    return compact({ ...common(s), type: 'audio' as const, channels, layout, sampleRate }) as Stream;
  }
  const type = s.codec_type === 'subtitle' || s.codec_type === 'attachment' ? s.codec_type : 'data';
  const tag = s.codec_tag_string?.startsWith('[') ? undefined : s.codec_tag_string;
  // In Matroska and MP4 the colors of VobSub are in the track's head.
  const noPalette = s.codec_name === 'dvd_subtitle' && !s.extradata_size ? true : undefined;
  return compact({ ...common(s), type, tag: type === 'data' ? tag : undefined, noPalette, ...tagged }) as Stream;
}
