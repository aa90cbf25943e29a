/** What Matroska files say of their tracks and ffmpeg 5.1 neither reads nor writes, or not always: BCP 47 languages, the crop, colors, two eyes, and codecs it does not know. */
import { type FileHandle, open } from 'node:fs/promises';
import { isLanguageTag, parseLanguageCarrier } from '../../../src-shared/media/language-carrier.ts';
import type { Colour } from '../../../src-shared/media/probe.ts';
import { colourOf } from './code-points.ts';
import {
  children,
  type Extent,
  encodeText,
  extentAt,
  fieldsOf,
  load,
  MAX_CHILDREN,
  renewCrc,
  store,
  text,
  uint,
} from './ebml.ts';

/** Elements by the names and with the defaults that RFC 9559 gives them. */
export const ID = {
  EBML: 0x1a45dfa3,
  Segment: 0x18538067,
  SeekHead: 0x114d9b74,
  Seek: 0x4dbb,
  SeekID: 0x53ab,
  SeekPosition: 0x53ac,
  Cluster: 0x1f43b675,
  Info: 0x1549a966,
  TimestampScale: 0x2ad7b1,
  Title: 0x7ba9,
  Tags: 0x1254c367,
  Tag: 0x7373,
  Targets: 0x63c0,
  TargetTypeValue: 0x68ca,
  TagTrackUID: 0x63c5,
  TagChapterUID: 0x63c4,
  TagAttachmentUID: 0x63c6,
  SimpleTag: 0x67c8,
  TagName: 0x45a3,
  TagString: 0x4487,
  Cues: 0x1c53bb6b,
  CuePoint: 0xbb,
  CueTime: 0xb3,
  CueTrackPositions: 0xb7,
  CueClusterPosition: 0xf1,
  SegmentUUID: 0x73a4,
  PrevUUID: 0x3cb923,
  NextUUID: 0x3eb923,
  SegmentFamily: 0x4444,
  Chapters: 0x1043a770,
  EditionEntry: 0x45b9,
  EditionFlagHidden: 0x45bd,
  EditionFlagOrdered: 0x45dd,
  ChapterAtom: 0xb6,
  ChapterFlagHidden: 0x98,
  ChapterFlagEnabled: 0x4598,
  ChapterSegmentUUID: 0x6e67,
  ChapterSegmentEditionUID: 0x6ebc,
  ChapterDisplay: 0x80,
  ChapProcess: 0x6944,
  Tracks: 0x1654ae6b,
  TrackEntry: 0xae,
  TrackType: 0x83,
  FlagEnabled: 0xb9,
  FlagLacing: 0x9c,
  CodecID: 0x86,
  Language: 0x22b59c,
  LanguageBCP47: 0x22b59d,
  Video: 0xe0,
  PixelWidth: 0xb0,
  PixelHeight: 0xba,
  PixelCropBottom: 0x54aa,
  PixelCropTop: 0x54bb,
  PixelCropLeft: 0x54cc,
  PixelCropRight: 0x54dd,
  DisplayWidth: 0x54b0,
  DisplayHeight: 0x54ba,
  DisplayUnit: 0x54b2,
  StereoMode: 0x53b8,
  Colour: 0x55b0,
  MatrixCoefficients: 0x55b1,
  Range: 0x55b9,
  TransferCharacteristics: 0x55ba,
  Primaries: 0x55bb,
} as const;

/** Pixels to be hidden at each edge of the coded picture. */
export interface Crop {
  top: number;
  bottom: number;
  left: number;
  right: number;
}

/** One track; fields that the file lacks are undefined. */
export interface MatroskaTrack {
  type: 'video' | 'audio' | 'subtitle' | 'metadata';
  /** It is switched off: players don't offer it. */
  disabled?: true | undefined;
  /** Matroska's name of a subtitle's codec: `S_TEXT/WEBVTT`. */
  codec?: string | undefined;
  /** BCP 47 tag (`pt-BR`), which overrules the ISO 639-2 code that ffprobe reports. */
  language?: string | undefined;
  /** Only where it hides anything and leaves a picture. */
  crop?: Crop | undefined;
  /** Of the coded picture, before the crop; in pixels, as the height. */
  pixelWidth?: number | undefined;
  pixelHeight?: number | undefined;
  /** Of the picture after the crop, in {@link displayUnit}, as the height. */
  displayWidth?: number | undefined;
  displayHeight?: number | undefined;
  /** 0 pixels (when absent), 1 cm, 2 inches, 3 aspect ratio, 4 unknown. */
  displayUnit?: number | undefined;
  colour?: Colour | undefined;
  /** How two eyes' views share the pictures (RFC 9559, 5.1.4.1.28.3); 0, one view, when absent. */
  stereoMode?: number | undefined;
}

/** Track types that ffmpeg's demuxer makes streams of, and how it wants their codecs' names to begin. */
const STREAMS: Record<number, { type: MatroskaTrack['type']; codec: RegExp }> = {
  1: { type: 'video', codec: /^V/ },
  2: { type: 'audio', codec: /^A/ },
  17: { type: 'subtitle', codec: /^[DS]/ },
  33: { type: 'metadata', codec: /^[DS]/ },
};

/** Indexes of a file's parts that lead from one to the next; real ones are two at the most. */
const MAX_INDEXES = 8;

function seekTo(id: number, seekHead: Buffer): number | undefined {
  const seeks = children(seekHead).filter((child) => child.id === ID.Seek);
  const entry = seeks.map((seek) => fieldsOf(seek.data)).find((seek) => uint(seek.get(ID.SeekID)) === id);
  return uint(entry?.get(ID.SeekPosition));
}

/** Finds a part of the file as ffmpeg does: before the first cluster, else where the index of the file's parts says. */
async function findPart(handle: FileHandle, id: number): Promise<Extent | undefined> {
  const ebml = await extentAt(handle, 0);
  const segment = ebml.id === ID.EBML ? await extentAt(handle, ebml.end) : undefined;
  if (segment?.id !== ID.Segment) return undefined;
  const end = Math.min(segment.end, (await handle.stat()).size);
  let seekHead: Extent | undefined;
  let at = segment.start;
  for (let count = 0; count < MAX_CHILDREN && at < end; count++) {
    const element = await extentAt(handle, at);
    if (element.id === id) return element;
    if (element.id === ID.Cluster) break;
    if (element.id === ID.SeekHead) seekHead ??= element;
    at = element.end;
  }
  // mkvpropedit leaves an index in front that leads to one behind the clusters.
  for (let count = 0; count < MAX_INDEXES && seekHead; count++) {
    const index = await load(handle, seekHead);
    const to = async (what: number) => {
      const offset = seekTo(what, index);
      const found = offset === undefined ? undefined : await extentAt(handle, segment.start + offset);
      return found?.id === what ? found : undefined;
    };
    const found = await to(id);
    if (found) return found;
    seekHead = await to(ID.SeekHead);
  }
  return undefined;
}

/** Opens a file and hands over one of its parts; undefined when it has none, or is no sound Matroska file. */
export async function withPart<T>(
  file: string,
  id: number,
  flags: 'r' | 'r+',
  use: (part: Buffer, extent: Extent, handle: FileHandle) => T | Promise<T>,
): Promise<T | undefined> {
  const handle = await open(file, flags);
  try {
    const extent = await findPart(handle, id);
    return extent && (await use(await load(handle, extent), extent, handle));
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  } finally {
    await handle.close();
  }
}

/** Values of Matroska's Range; 3 means that matrix and transfer define it. */
const RANGES: Record<number, 'tv' | 'pc'> = { 1: 'tv', 2: 'pc' };

function colourIn(element: Buffer | undefined): Colour | undefined {
  if (!element) return undefined;
  const fields = fieldsOf(element);
  return colourOf({
    matrix: uint(fields.get(ID.MatrixCoefficients)),
    range: RANGES[uint(fields.get(ID.Range)) ?? 0],
    transfer: uint(fields.get(ID.TransferCharacteristics)),
    primaries: uint(fields.get(ID.Primaries)),
  });
}

function pictureOf(video: Buffer): Partial<MatroskaTrack> {
  const fields = fieldsOf(video);
  const [pixelWidth = 0, pixelHeight = 0] = [uint(fields.get(ID.PixelWidth)), uint(fields.get(ID.PixelHeight))];
  const crop: Crop = {
    top: uint(fields.get(ID.PixelCropTop)) ?? 0,
    bottom: uint(fields.get(ID.PixelCropBottom)) ?? 0,
    left: uint(fields.get(ID.PixelCropLeft)) ?? 0,
    right: uint(fields.get(ID.PixelCropRight)) ?? 0,
  };
  const [width, height] = [pixelWidth - crop.left - crop.right, pixelHeight - crop.top - crop.bottom];
  const crops = width > 0 && height > 0 && (width < pixelWidth || height < pixelHeight);
  return {
    crop: crops ? crop : undefined,
    pixelWidth,
    pixelHeight,
    displayWidth: uint(fields.get(ID.DisplayWidth)),
    displayHeight: uint(fields.get(ID.DisplayHeight)),
    displayUnit: uint(fields.get(ID.DisplayUnit)),
    colour: colourIn(fields.get(ID.Colour)),
    stereoMode: uint(fields.get(ID.StereoMode)),
  };
}

function parseTrack(entry: Buffer): MatroskaTrack | undefined {
  const fields = fieldsOf(entry);
  const stream = STREAMS[uint(fields.get(ID.TrackType)) ?? 0];
  const codec = text(fields.get(ID.CodecID));
  if (!stream?.codec.test(codec)) return undefined;
  const language = text(fields.get(ID.LanguageBCP47));
  const video = stream.type === 'video' ? fields.get(ID.Video) : undefined;
  return {
    type: stream.type,
    disabled: uint(fields.get(ID.FlagEnabled)) === 0 ? true : undefined,
    codec: stream.type === 'subtitle' ? codec : undefined,
    language: isLanguageTag(language) ? language : undefined,
    ...(video && pictureOf(video)),
  };
}

/**
 * The tracks of a Matroska file in its order: those that ffmpeg makes streams of, so that the first is stream 0.
 * @returns undefined when the file is not Matroska, is damaged, or has no tracks to be found
 * @throws the operating system's error when the file cannot be read
 */
export async function readTracks(file: string): Promise<MatroskaTrack[] | undefined> {
  return withPart(file, ID.Tracks, 'r', (tracks) => {
    const entries = children(tracks).filter((child) => child.id === ID.TrackEntry);
    return entries.map((entry) => parseTrack(entry.data)).filter((track) => track !== undefined);
  });
}

/** Parts the languages of a track in place. */
function partLanguage(entry: Buffer): boolean {
  const language = children(entry).find((child) => child.id === ID.Language);
  const parts = parseLanguageCarrier(text(language?.data));
  if (!language || !parts) return false;
  const both = Buffer.concat([encodeText(ID.Language, parts.iso), encodeText(ID.LanguageBCP47, parts.bcp47)]);
  if (both.length !== language.whole.length) return false;
  both.copy(language.whole);
  return true;
}

/**
 * Turns every language in a Matroska file that ffmpeg wrote from a `languageCarrier` into the two elements it stands for.
 * The file keeps its length, and only bytes of its tracks' description change.
 * @returns how many there were
 * @throws the operating system's error when the file cannot be read or written
 */
export async function writeLanguages(file: string): Promise<number> {
  const count = await withPart(file, ID.Tracks, 'r+', async (tracks, extent, handle) => {
    const entries = children(tracks).filter((child) => child.id === ID.TrackEntry);
    const changed = entries.filter((entry) => partLanguage(entry.data));
    if (changed.length === 0) return 0;
    for (const entry of changed) renewCrc(entry.data);
    renewCrc(tracks);
    await store(handle, extent, tracks);
    return changed.length;
  });
  return count ?? 0;
}
