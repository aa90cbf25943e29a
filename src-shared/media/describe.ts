import { type AudioStream, dynamicRange, type Probe, type Stream, type VideoStream } from './probe.ts';

const CODEC_NAMES: Record<string, string> = {
  h264: 'H.264',
  hevc: 'HEVC',
  av1: 'AV1',
  mpeg1video: 'MPEG-1',
  mpeg2video: 'MPEG-2',
  mpeg4: 'MPEG-4',
  msmpeg4v3: 'MS MPEG-4',
  wmv1: 'WMV 7',
  wmv2: 'WMV 8',
  wmv3: 'WMV 9',
  vc1: 'VC-1',
  mjpeg: 'Motion JPEG',
  vp8: 'VP8',
  vp9: 'VP9',
  theora: 'Theora',
  flv1: 'Sorenson H.263',
  h263: 'H.263',
  prores: 'ProRes',
  ac3: 'AC-3',
  eac3: 'E-AC-3',
  aac: 'AAC',
  mp2: 'MP2',
  mp3: 'MP3',
  dts: 'DTS',
  truehd: 'TrueHD',
  flac: 'FLAC',
  opus: 'Opus',
  vorbis: 'Vorbis',
  wmav1: 'WMA',
  wmav2: 'WMA',
  wmapro: 'WMA Pro',
  amr_nb: 'AMR',
  amr_wb: 'AMR wideband',
  alac: 'ALAC',
  subrip: 'SubRip',
  ass: 'ASS',
  ssa: 'SSA',
  webvtt: 'WebVTT',
  mov_text: 'MP4 text',
  hdmv_pgs_subtitle: 'PGS',
  dvd_subtitle: 'VobSub',
  dvb_subtitle: 'DVB',
  dvb_teletext: 'teletext',
  eia_608: 'EIA-608 caption',
};

const DATA_NAMES: Record<string, string> = {
  tmcd: 'timecode track',
  gpmd: 'GoPro telemetry track',
  mebx: 'timed metadata track',
  text: 'chapter title track',
  'text ': 'chapter title track',
  KLVA: 'KLV metadata track',
  fdsc: 'GoPro recovery track',
  bin_data: 'binary data track',
  klv: 'KLV metadata track',
};

/** Matroska's names of subtitle codecs that ffmpeg has none for. */
const SUBTITLE_TAGS: Record<string, string> = {
  'S_TEXT/WEBVTT': 'WebVTT',
  S_KATE: 'Kate',
};

const FORMAT_NAMES: Record<string, string> = {
  matroska: 'Matroska',
  mov: 'MP4',
  mpegts: 'MPEG transport stream',
  mpeg: 'MPEG program stream',
  avi: 'AVI',
  asf: 'Windows Media',
  flv: 'Flash video',
  ogg: 'Ogg',
  webm: 'WebM',
};

/** The name people know a file format by, from ffmpeg's list of the demuxer's names. */
export function formatName({ format, container }: Pick<Probe, 'format' | 'container'>): string {
  const [demuxer = ''] = format.split(',');
  return FORMAT_NAMES[container === 'webm' ? container : demuxer] ?? demuxer;
}

/** The name people know a codec by. */
export function codecName(codec: string | undefined): string {
  if (!codec) return 'unknown codec';
  return CODEC_NAMES[codec] ?? (codec.startsWith('pcm_') ? 'PCM' : codec);
}

const languageNames = new Intl.DisplayNames('en', { type: 'language', fallback: 'code' });

/** A language tag as an English name; undefined for none or undetermined. */
function languageName(tag: string | undefined): string | undefined {
  if (!tag || tag === 'und') return undefined;
  try {
    return languageNames.of(tag);
  } catch {
    return tag;
  }
}

/** A stream in words: `English 5.1 AC-3 640 kb/s`, `1920x1080 H.264 23.976 fps`. */
export function describeStream(stream: Stream): string {
  const language = languageName(stream.bcp47 ?? stream.language);
  const title = stream.title && `"${stream.title}"`;
  const kbps = stream.bitRate && `${Math.round(stream.bitRate / 1000)} kb/s`;
  const words = (parts: (string | undefined | 0 | '' | false)[]) => parts.filter(Boolean).join(' ');
  if (stream.type === 'video') {
    const rate = stream.frameRate && `${Number(stream.frameRate.toFixed(3))} fps`;
    return words([`${stream.width}x${stream.height}`, codecName(stream.codec), rate, rangeName(stream)]);
  }
  if (stream.type === 'audio') {
    return words([language, layoutName(stream), codecName(stream.codec), kbps, title]);
  }
  if (stream.type === 'cover') return words(['Cover picture', stream.filename]);
  if (stream.type === 'subtitle') {
    const forced = stream.dispositions?.includes('forced') && 'forced';
    const codec = SUBTITLE_TAGS[stream.codec ? '' : (stream.tag ?? '')] ?? codecName(stream.codec);
    return words([language, forced, codec, 'subtitles', title]);
  }
  if (stream.type === 'attachment') return words(['Attachment', stream.filename]);
  const data = DATA_NAMES[stream.tag ?? ''] ?? DATA_NAMES[stream.codec ?? ''] ?? 'data track';
  return words([data[0]?.toUpperCase() + data.slice(1), stream.tag?.trim() && `(${stream.tag.trim()})`]);
}

function rangeName(video: VideoStream): string | undefined {
  const { profile, compatibility } = video.dolbyVision ?? {};
  const range = dynamicRange(video);
  if (range === 'SDR') return undefined;
  return profile ? `${range} ${profile}${compatibility ? `.${compatibility}` : ''}` : range;
}

function layoutName({ layout, channels }: AudioStream): string {
  return layout ?? (['mono', 'stereo'][channels - 1] || `${channels} channels`);
}
