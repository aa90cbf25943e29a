import { z } from 'zod';
import { Colour, ContentLight, Crop, MasteringDisplay, StereoMode, TeletextPage } from '../media/probe.ts';
import { QualityTarget } from '../media/quality-target.ts';
import { FileText, Words } from '../util/plain-text.ts';

/** Layouts that libopus takes, with ffmpeg's names. */
export const Layout = z.enum(['mono', 'stereo', '3.0', 'quad', '5.0', '5.1', '6.1', '7.1']);
export type Layout = z.infer<typeof Layout>;

const common = {
  /** Index of the stream in the source. */
  source: z.int().nonnegative(),
  /** Description of the source stream. */
  from: Words,
  /** What becomes of it, in words. */
  to: Words,
  /** Why, where it is not plain; always present for what changes or is left out. */
  why: Words.optional(),
};

export const VideoEncode = z.object({
  ...common,
  action: z.literal('encode'),
  type: z.literal('video'),
  preset: z.int().min(0).max(13),
  crf: z.number().min(1).max(63),
  /** What its pictures are to come to; {@link crf} is taken where that cannot be measured. */
  target: QualityTarget.optional(),
  /** Frames between key frames at the most. */
  keyint: z.int().positive(),
  /** Size of the result: after rotation and padding to even sides. */
  width: z.int().positive(),
  height: z.int().positive(),
  /** The pictures that are flagged interlaced, or all of them with this field order, where the flags are wrong. */
  deinterlace: z.enum(['flagged', 'tff', 'bff']).optional(),
  /** A frame for each field instead of one for both. */
  fieldRate: z.literal(true).optional(),
  /** How two eyes share its pictures, which the result has to say too. */
  stereo: StereoMode.optional(),
  pad: z.literal(true).optional(),
  fromRgb: z.literal(true).optional(),
  limitRange: z.literal(true).optional(),
  /** The source's color matrix is impossible and isn't told to the encoder. */
  hideMatrix: z.literal(true).optional(),
  /** Lines and columns to crop because the container hides them; `aspect` is the pixel aspect ratio of the rest. */
  crop: Crop.extend({ aspect: z.number().positive() }).optional(),
  /** Encoded apart from the rest, so that the source's Dolby Vision record, which would be false, cannot follow it. */
  baseLayer: z.literal(true).optional(),
  /** The metadata is kept as Dolby Vision profile 10 with this compatibility id: 1 over HDR10, 4 over HLG. */
  dolbyVision: z.literal([1, 4]).optional(),
  /** Nominal rate for SVT-AV1, which refuses more than 240; timestamps are kept as they are. */
  nominalRate: z.int().positive().optional(),
  /** Color description of the result. */
  colour: Colour,
  mastering: MasteringDisplay.optional(),
  contentLight: ContentLight.optional(),
});
export type VideoEncode = z.infer<typeof VideoEncode>;

export const AudioEncode = z.object({
  ...common,
  action: z.literal('opus'),
  type: z.literal('audio'),
  kbps: z.int().positive(),
  /** Channels of the result. */
  channels: z.int().min(1).max(8),
  /** Layout to convert to first, where libopus refuses the source's own; a bare name, as it becomes part of a filter. */
  layout: Layout.optional(),
  /** The decoder is kept from applying the compression that the source carries for listening at night. */
  fullRange: z.literal(true).optional(),
});
export type AudioEncode = z.infer<typeof AudioEncode>;

export const Copy = z.object({
  ...common,
  action: z.literal('copy'),
  type: z.enum(['audio', 'subtitle', 'attachment']),
  /** Attachments need both in Matroska; given where the source does not say. */
  filename: FileText.optional(),
  mimetype: FileText.optional(),
});
export type Copy = z.infer<typeof Copy>;

const TextConvert = z.object({
  ...common,
  action: z.literal('text'),
  type: z.literal('subtitle'),
  /** Codec in the result's container. */
  codec: z.enum(['subrip', 'mov_text']),
});

/** Captions inside the pictures of stream `source`, which become a subtitle track of their own. */
const Captions = z.object({
  ...common,
  action: z.literal('captions'),
  type: z.literal('subtitle'),
  codec: z.enum(['subrip', 'mov_text']),
});

/** Subtitles of one page of teletext, which become a track of their own where the page shows any. */
const Teletext = z.object({
  ...common,
  action: z.literal('teletext'),
  type: z.literal('subtitle'),
  codec: z.enum(['subrip', 'mov_text']),
  page: TeletextPage,
  language: FileText.optional(),
  impaired: z.literal(true).optional(),
  /** The user wants it left out where it cannot be read. */
  expendable: z.literal(true).optional(),
});
export type Teletext = z.infer<typeof Teletext>;

const Cover = z.object({
  ...common,
  action: z.literal('cover'),
  type: z.literal('cover'),
  filename: FileText,
  mimetype: FileText,
});

const Drop = z.object({
  ...common,
  action: z.literal('drop'),
  type: z.enum(['subtitle', 'data', 'cover']),
});

/** What becomes of one stream of the source. */
export const StreamPlan = z.discriminatedUnion('action', [
  VideoEncode,
  AudioEncode,
  Copy,
  TextConvert,
  Captions,
  Teletext,
  Cover,
  Drop,
]);
export type StreamPlan = z.infer<typeof StreamPlan>;
