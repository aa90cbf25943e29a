import { z } from 'zod';

/** Resolution classes of the quality table, smallest first. */
export const RESOLUTIONS = ['SD', '720p', '1080p', '1440p', '4K'] as const;
export type Resolution = (typeof RESOLUTIONS)[number];

/** SVT-AV1's CRF; 0 would mean "unset" to ffmpeg's wrapper, so 1 is the best quality. */
export const Crf = z.int().min(1).max(63);

const CrfRow = z.strictObject({ x264: Crf, x265: Crf, av1: Crf });

/** quality_lookup.json: CRF by resolution and by codec of the source. */
export const QualityTable = z.strictObject({
  SD: CrfRow,
  '720p': CrfRow,
  '1080p': CrfRow,
  '1440p': CrfRow,
  '4K': CrfRow,
});
export type QualityTable = z.infer<typeof QualityTable>;

/** audio_codec_lookup.json: Opus kb/s by channel count; libopus takes 6 to 256 kb/s a channel. */
export const AudioTable = z
  .record(z.string().regex(/^[1-8]$/, 'a channel count from 1 to 8'), z.int())
  .refine((table) => Object.keys(table).length > 0, 'at least one channel count is needed')
  .refine(
    (table) => Object.entries(table).every(([c, kbps]) => kbps >= 6 * Number(c) && kbps <= 256 * Number(c)),
    'Opus takes 6 to 256 kb/s a channel',
  );
export type AudioTable = z.infer<typeof AudioTable>;

/** The lookup tables in force for a plan. */
export interface Tables {
  quality: QualityTable;
  audio: AudioTable;
}

/** Defaults of the system that Flotilla re-implements. */
export const DEFAULT_TABLES: Tables = {
  quality: {
    SD: { x264: 28, x265: 30, av1: 35 },
    '720p': { x264: 26, x265: 28, av1: 33 },
    '1080p': { x264: 24, x265: 26, av1: 31 },
    '1440p': { x264: 22, x265: 24, av1: 29 },
    '4K': { x264: 20, x265: 22, av1: 27 },
  },
  audio: { 1: 64, 2: 96, 6: 256, 8: 320 },
};

/**
 * The class of a picture. Either side reaching about 94 % of the class's nominal size counts, so that letterboxed
 * (1920x800), portrait (1080x1920) and cropped (1440x1080) videos land in the class they were made for.
 */
export function resolutionOf(width: number, height: number): Resolution {
  const long = Math.max(width, height);
  const short = Math.min(width, height);
  if (long >= 3600 || short >= 2030) return '4K';
  if (long >= 2400 || short >= 1350) return '1440p';
  if (long >= 1800 || short >= 1010) return '1080p';
  if (long >= 1200 || short >= 675) return '720p';
  return 'SD';
}

/** Codecs about as efficient as HEVC; everything else but AV1 is treated like H.264. */
const HEVC_CLASS = new Set(['hevc', 'vp9', 'vvc']);

/** The CRF for a source of this size and codec. */
export function lookupCrf(table: QualityTable, width: number, height: number, codec: string): number {
  const row = table[resolutionOf(width, height)];
  if (codec === 'av1') return row.av1;
  return HEVC_CLASS.has(codec) ? row.x265 : row.x264;
}

/** Opus bit rate in kb/s for `channels`, interpolated between (or carried on beyond) the table's entries. */
export function lookupAudioKbps(table: AudioTable, channels: number): number {
  const points = Object.entries(table)
    .map(([c, kbps]) => ({ c: Number(c), kbps }))
    .sort((a, b) => a.c - b.c);
  const above = points.findIndex((p) => p.c >= channels);
  if (points[above]?.c === channels) return points[above].kbps;
  const [low, high] =
    above > 0 ? [points[above - 1], points[above]] : above === 0 ? points.slice(0, 2) : points.slice(-2);
  if (!low) throw new RangeError('the audio table is empty');
  const perChannel = high ? (high.kbps - low.kbps) / (high.c - low.c) : low.kbps / low.c;
  const kbps = low.kbps + (channels - low.c) * perChannel;
  return Math.round(Math.min(Math.max(kbps, 6 * channels), 256 * channels));
}
