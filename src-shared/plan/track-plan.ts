import { codecName, describeStream } from '../media/describe.ts';
import type { CoverStream, OtherStream, Probe, VideoStream } from '../media/probe.ts';
import type { Settings } from '../settings/settings.ts';
import { type Container, FORMATS, TIMECODE } from './container.ts';
import type { StreamPlan } from './stream-plan.ts';

/** Text subtitles that ffmpeg converts. */
const TEXT_SUBTITLES = new Set(
  'text mov_text eia_608 microdvd subviewer subviewer1 sami realtext stl jacosub mpl2 pjs vplayer'.split(' '),
);

const COVER_TYPES: Record<string, [mimetype: string, extension: string]> = {
  mjpeg: ['image/jpeg', 'jpg'],
  png: ['image/png', 'png'],
  webp: ['image/webp', 'webp'],
  gif: ['image/gif', 'gif'],
  bmp: ['image/bmp', 'bmp'],
  tiff: ['image/tiff', 'tif'],
};

/** Reasons for which a track is left out without a loss. */
const CHAPTER_TITLES = 'the chapters themselves hold their titles';
const TIMECODE_TAG = 'its timecode is kept as a tag';
const BROADCAST = 'it steers the receiver of a broadcast';
const RECOVERY = 'it only helps to recover a recording that was cut off';
const OGG_INDEX = 'it only describes the other tracks of its Ogg file';
/** The reasons above: a video isn't skipped for them. */
export const NO_LOSS: ReadonlySet<string> = new Set([CHAPTER_TITLES, TIMECODE_TAG, BROADCAST, RECOVERY, OGG_INDEX]);

/** Data that is useless without the broadcast or the camera that it is for, by ffmpeg's names and by the containers'. */
const USELESS_ELSEWHERE: Record<string, string> = {
  scte_35: BROADCAST,
  epg: BROADCAST,
  dsmcc: BROADCAST,
  fdsc: RECOVERY,
};

const NO_PALETTE = 'its palette is in another file (the IFO of its DVD), so players choose the colors';

const TEXT_NAMES = { subrip: 'SubRip', mov_text: 'MP4 text' };

/** Returns a track for captions that were broadcast inside the pictures: re-encoded pictures have no place for them. */
export function planCaptions(video: VideoStream, container: Container): StreamPlan[] {
  const codec = FORMATS[container].text ?? 'subrip';
  if (!video.captions) return [];
  return [
    {
      action: 'captions',
      type: 'subtitle',
      source: video.index,
      from: 'Closed captions inside the picture data',
      to: TEXT_NAMES[codec],
      why: 'AV1 pictures do not carry them; their words are kept',
      codec,
    },
  ];
}

/** Returns a track for each page of teletext subtitles; undefined where teletext isn't kept. */
export function planTeletext(
  stream: OtherStream,
  container: Container,
  { dataStreams }: Pick<Settings, 'dataStreams'>,
): StreamPlan[] | undefined {
  const { name, text: codec } = FORMATS[container];
  if (!codec || !stream.teletext?.length) return undefined;
  return stream.teletext.map((page) => ({
    action: 'teletext',
    type: 'subtitle',
    source: stream.index,
    from: describeStream({ ...stream, language: page.language }),
    to: `${TEXT_NAMES[codec]}, from page ${page.page}`,
    why: `${name} does not hold teletext; the words of its subtitles are kept`,
    codec,
    ...page,
    ...(dataStreams === 'drop' && { expendable: true }),
  }));
}

/** Returns why a data track can be left out without a loss; undefined when it can't. */
function whyRedundant(stream: OtherStream, container: Container, { chapters, format }: Probe): string | undefined {
  if (chapters > 0 && stream.tag?.trim() === 'text') return CHAPTER_TITLES;
  if (stream.tag === TIMECODE && container !== 'mp4') return TIMECODE_TAG;
  if (format === 'ogg' && !stream.codec) return OGG_INDEX;
  return USELESS_ELSEWHERE[stream.codec ?? ''] ?? USELESS_ELSEWHERE[stream.tag ?? ''];
}

/** Returns what becomes of a subtitle, an attachment, or a data track. */
export function planOther(stream: OtherStream, container: Container, probe: Probe): StreamPlan {
  const base = { source: stream.index, from: describeStream(stream) };
  const { name, subtitles, text } = FORMATS[container];
  if (stream.type === 'attachment') {
    return {
      action: 'copy',
      type: 'attachment',
      ...base,
      to: 'kept as it is',
      ...(!stream.filename && { filename: `attachment-${stream.index}` }),
      ...(!stream.mimetype && { mimetype: 'application/octet-stream' }),
    };
  }
  if (stream.type === 'data') {
    const needless = whyRedundant(stream, container, probe);
    if (needless) return { action: 'drop', type: 'data', ...base, to: 'left out', why: needless };
    const why = container === 'mp4' ? 'it cannot be written to MP4' : `${name} holds only video, audio and subtitles`;
    return { action: 'drop', type: 'data', ...base, to: 'left out', why };
  }
  if (subtitles.has(stream.codec ?? ''))
    return { action: 'copy', type: 'subtitle', ...base, to: 'copied', ...(stream.noPalette && { why: NO_PALETTE }) };
  if (text && TEXT_SUBTITLES.has(stream.codec ?? '')) {
    const why = `${name} does not hold this text format`;
    return { action: 'text', type: 'subtitle', ...base, to: TEXT_NAMES[text], codec: text, why };
  }
  const why = stream.codec ? `${name} cannot hold it and it cannot be converted` : 'ffmpeg cannot read it';
  return { action: 'drop', type: 'subtitle', ...base, to: 'left out', why };
}

/** Returns what becomes of a cover picture. */
export function planCover(cover: CoverStream, probe: Probe): StreamPlan {
  const from = describeStream(cover);
  const type = COVER_TYPES[cover.codec ?? ''];
  if (!type) {
    const why = `Matroska has no cover type for ${codecName(cover.codec)}`;
    return { action: 'drop', type: 'cover', source: cover.index, from, to: 'left out', why };
  }
  const [mimetype, extension] = type;
  // Players take the one that is called so.
  const first = probe.streams.find((s) => s.type === 'cover')?.index === cover.index;
  return {
    action: 'cover',
    type: 'cover',
    source: cover.index,
    from,
    to: 'kept as it is',
    filename: cover.filename ?? `cover${first ? '' : `-${cover.index}`}.${extension}`,
    mimetype: cover.mimetype ?? mimetype,
  };
}
