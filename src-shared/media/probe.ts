import { z } from 'zod';
import { FileText, firstOf } from '../util/plain-text.ts';

/** Streams that a file can have; ffmpeg itself opens those with no more than 1000 (its `-max_streams`). */
export const MAX_STREAMS = 2000;
/** Entries of other lists: pages, flags, keys of tags. */
const MAX_ENTRIES = 1000;
/** Characters of a name out of ffmpeg's own tables. */
const MAX_NAME_LENGTH = 100;

/** SMPTE ST 2086 mastering display colour volume: chromaticities as CIE 1931 x, y; luminance in cd/m². */
export const MasteringDisplay = z.object({
  red: z.tuple([z.number(), z.number()]),
  green: z.tuple([z.number(), z.number()]),
  blue: z.tuple([z.number(), z.number()]),
  white: z.tuple([z.number(), z.number()]),
  maxLuminance: z.number(),
  minLuminance: z.number(),
});
export type MasteringDisplay = z.infer<typeof MasteringDisplay>;

/** CTA-861.3 content light level: MaxCLL and MaxFALL in cd/m². */
export const ContentLight = z.object({ maxCll: z.number(), maxFall: z.number() });
export type ContentLight = z.infer<typeof ContentLight>;

/** A bare name, as it becomes part of a filter. */
const ColourName = z
  .string()
  .max(MAX_NAME_LENGTH)
  .regex(/^[a-z0-9-]+$/);

/** Color description with ffmpeg's names (ITU-T H.273); a missing field is unspecified. */
export const Colour = z.object({
  range: ColourName.optional(),
  matrix: ColourName.optional(),
  transfer: ColourName.optional(),
  primaries: ColourName.optional(),
});
export type Colour = z.infer<typeof Colour>;

/** Columns and lines at each side that a container hides from view. */
export const Crop = z.object({
  left: z.int().nonnegative(),
  top: z.int().nonnegative(),
  right: z.int().nonnegative(),
  bottom: z.int().nonnegative(),
});
export type Crop = z.infer<typeof Crop>;

/** A name of small letters, as it becomes part of a command. */
const Flag = z
  .string()
  .max(MAX_NAME_LENGTH)
  .regex(/^[a-z_]+$/);

const common = {
  /** Index in the source file, as ffmpeg counts. */
  index: z.int().nonnegative(),
  /** ffmpeg's codec name; missing when ffmpeg does not know the codec. */
  codec: FileText.optional(),
  profile: FileText.optional(),
  /** ISO 639-2, or anything else that is tagged in the file. */
  language: FileText.optional(),
  /** BCP 47, where a Matroska file has it beside the other: `pt-BR`. */
  bcp47: FileText.optional(),
  title: FileText.optional(),
  /** Flags that are set, with ffmpeg's names: default, forced, comment … */
  dispositions: firstOf(Flag, MAX_ENTRIES).optional(),
  /** First presentation time in seconds. */
  start: z.number().optional(),
  /** Bits per second. */
  bitRate: z.number().optional(),
  /** Keys of tags that only MP4 files of cameras, phones and players have, in lower case: com.android.version. */
  customTags: firstOf(FileText, MAX_ENTRIES).optional(),
};

export const StereoMode = z
  .string()
  .max(MAX_NAME_LENGTH)
  .regex(/^[a-z_]+$/);

export const VideoStream = z.object({
  ...common,
  type: z.literal('video'),
  width: z.int().nonnegative(),
  height: z.int().nonnegative(),
  pixelFormat: FileText.optional(),
  /** Width of a pixel against its height; missing for square ones. */
  pixelAspect: z.number().positive().optional(),
  crop: Crop.optional(),
  /** Average frames per second; missing when unknown. */
  frameRate: z.number().positive().optional(),
  /** The highest rate that the timestamps allow (r_frame_rate). */
  maxFrameRate: z.number().positive().optional(),
  /** Seconds the track's own header claims, which a cut file does not reach. */
  duration: z.number().positive().optional(),
  colour: Colour.optional(),
  /** Colors according to the container, where they differ from the bitstream's own. */
  containerColour: Colour.optional(),
  /** Share of the frames looked at that are flagged interlaced, 0 to 1. */
  interlaced: z.number().optional(),
  /** Field order measured from the pictures; missing when it's unclear. */
  fields: z.enum(['tff', 'bff', 'progressive']).optional(),
  /** What changes between its frames, in words; missing when nothing was seen to. */
  changes: FileText.optional(),
  /** Its frames are single fields of half the picture's height. */
  singleFields: z.literal(true).optional(),
  /** Degrees, as the display matrix says. */
  rotation: z.number().optional(),
  mastering: MasteringDisplay.optional(),
  contentLight: ContentLight.optional(),
  hdr10Plus: z.literal(true).optional(),
  /** The name of other metadata that changes from scene to scene. */
  dynamicHdr: FileText.optional(),
  /** A note of the light that it was made for. */
  ambient: z.literal(true).optional(),
  /** How two eyes share its pictures, with ffmpeg's names for Matroska's StereoMode; missing for one view. */
  stereo: StereoMode.optional(),
  /** Parts of the stream that ffmpeg does not decode: another view, transparency. */
  layers: z.literal(true).optional(),
  /** Dolby Vision profile; 0 when the stream carries RPUs without a configuration record. */
  dolbyVision: z
    .object({
      profile: z.number(),
      compatibility: z.number(),
      /** A second layer completes the pictures. */
      enhanced: z.literal(true).optional(),
    })
    .optional(),
  alpha: z.literal(true).optional(),
  /** The version of the ffmpeg that analyzed it and cannot decode it, so everything about its pictures is unknown. */
  undecodable: FileText.optional(),
  /** EIA-608/708 captions inside the picture data. */
  captions: z.literal(true).optional(),
});
export type VideoStream = z.infer<typeof VideoStream>;

export const AudioStream = z.object({
  ...common,
  type: z.literal('audio'),
  channels: z.int().nonnegative(),
  /** ffmpeg's layout name; missing when the file does not say. */
  layout: FileText.optional(),
  sampleRate: z.number().optional(),
  /** Sound objects beside the channels: Dolby Atmos, DTS:X. */
  objects: z.literal(true).optional(),
  /** Layouts that were heard, where they change in mid-video; `channels` and `layout` are the largest's. */
  layouts: firstOf(FileText, MAX_ENTRIES).optional(),
  /** None of its packets could be decoded: ffmpeg knows the codec's name only. */
  undecodable: z.literal(true).optional(),
});
export type AudioStream = z.infer<typeof AudioStream>;

/** Number of a teletext page, without those of machines (hexadecimal digits). */
export const TeletextPage = z.string().regex(/^[1-8]\d\d$/);

export const OtherStream = z.object({
  ...common,
  type: z.enum(['subtitle', 'attachment', 'data']),
  /** Subtitle pages announced by a teletext stream. */
  teletext: firstOf(
    z.object({
      page: TeletextPage,
      language: FileText.optional(),
      /** For the hard of hearing. */
      impaired: z.literal(true).optional(),
    }),
    MAX_ENTRIES,
  ).optional(),
  /** The container's name of the codec for streams that ffmpeg has none for: tmcd, gpmd, S_TEXT/WEBVTT … */
  tag: FileText.optional(),
  /** VobSub whose colors are in another file: a DVD keeps them in the IFO. */
  noPalette: z.literal(true).optional(),
  filename: FileText.optional(),
  mimetype: FileText.optional(),
});
export type OtherStream = z.infer<typeof OtherStream>;

/** An attached picture: cover art, never video. */
export const CoverStream = z.object({
  ...common,
  type: z.literal('cover'),
  filename: FileText.optional(),
  mimetype: FileText.optional(),
});
export type CoverStream = z.infer<typeof CoverStream>;

export const Stream = z.discriminatedUnion('type', [VideoStream, AudioStream, OtherStream, CoverStream]);
export type Stream = z.infer<typeof Stream>;

/** What Matroska chapters can hold and ffmpeg neither reads nor writes, the gravest first; `unlisted`: chapters that it drops. */
export const ChapterFeature = z.enum([
  'ordered',
  'linked',
  'editions',
  'nested',
  'commands',
  'flags',
  'languages',
  'unlisted',
]);
export type ChapterFeature = z.infer<typeof ChapterFeature>;

/**
 * Raised when probes find out more than before that a conversion must respect: an older probe is made again before its video is
 * converted.
 */
export const PROBE_REVISION = 1;

/** What ffprobe found in a file: only what plans, tables and checks need, so that it stays small in the database. */
export const Probe = z.object({
  /** ffmpeg's demuxer name list: `matroska,webm`. */
  format: FileText,
  /** Seconds the container claims; not to be trusted (a damaged or subtitle-tailed file lies). */
  duration: z.number().positive().optional(),
  /** The container's first time in seconds, which seeking counts from; 0 when missing. */
  start: z.number().optional(),
  /** A container that a result can have too, where the file's own is one. */
  container: z.enum(['mp4', 'webm']).optional(),
  streams: z.array(Stream).max(MAX_STREAMS),
  chapters: z.int().nonnegative(),
  /** What its chapters are beside a plain list; missing when they are that. */
  chapterFeatures: firstOf(ChapterFeature, MAX_ENTRIES).optional(),
  /** The title of the whole file; of Matroska, what its own field says, even if a tag says otherwise. */
  title: FileText.optional(),
  /** Names of Matroska's tags of which ffmpeg keeps one value, and not the level: those of episode, season and show. */
  mergedTags: firstOf(FileText, MAX_ENTRIES).optional(),
  /** {@link PROBE_REVISION} of the Flotilla that made it; missing in those from before there was one. */
  revision: z.int().optional(),
  /** Tags of the whole file, as those of streams. */
  customTags: firstOf(FileText, MAX_ENTRIES).optional(),
  /** It has tags that players show, too: a title, an artist … */
  playerTags: z.literal(true).optional(),
});
export type Probe = z.infer<typeof Probe>;

/** The video's main picture: the first real video stream. */
export function mainVideo(probe: Probe): VideoStream | undefined {
  return probe.streams.find((s) => s.type === 'video');
}

/**
 * Returns the seconds that its pictures take; undefined where nobody says. A container's length also counts sound before them, and
 * both lengths of Matroska, as ffmpeg and MKVToolNix write them, the time from 0 on, whatever begins later.
 */
export function pictureSeconds(probe: Probe): number | undefined {
  const { duration: own, start } = mainVideo(probe) ?? {};
  const isMatroska = probe.format.startsWith('matroska');
  if (own !== undefined && !isMatroska) return own;
  const duration = own ?? probe.duration;
  const begin = isMatroska ? 0 : (probe.start ?? 0);
  return duration === undefined ? undefined : Math.max(0, duration - Math.max(0, (start ?? begin) - begin));
}

export const DYNAMIC_RANGES = ['SDR', 'HLG', 'HDR10', 'HDR10+', 'Dolby Vision', 'PQ'] as const;
export type DynamicRange = (typeof DYNAMIC_RANGES)[number];

/** The dynamic range a video stream is made for, by its metadata and transfer characteristic. */
export function dynamicRange(video: VideoStream): DynamicRange {
  if (video.dolbyVision) return 'Dolby Vision';
  return video.hdr10Plus ? 'HDR10+' : staticRange(video);
}

/** The dynamic range that remains when metadata per scene is dropped. */
export function staticRange(video: VideoStream): DynamicRange {
  if (video.colour?.transfer === 'arib-std-b67') return 'HLG';
  if (video.colour?.transfer === 'smpte2084') return video.mastering || video.contentLight ? 'HDR10' : 'PQ';
  return 'SDR';
}
