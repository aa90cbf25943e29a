import { z } from 'zod';
import { codecName } from '../media/describe.ts';
import type { Probe, Stream } from '../media/probe.ts';
import type { StreamPlan } from './stream-plan.ts';

/** Containers of results. */
export const Container = z.enum(['mkv', 'mp4', 'webm']);
export type Container = z.infer<typeof Container>;

/** Codec tag of QuickTime's timecode tracks, whose first time is a tag of the file, too. */
export const TIMECODE = 'tmcd';

interface Format {
  name: string;
  /** ffmpeg's names of what writes and what reads it. */
  muxer: string;
  demuxer: string;
  /** Subtitles that it holds as they are. */
  subtitles: ReadonlySet<string>;
  /** What other texts are converted to; undefined when it has no place for them. */
  text?: 'subrip' | 'mov_text';
  /** Sound beside Opus that it holds as it is; undefined for any. */
  audio?: ReadonlySet<string>;
  /** Cover pictures that it holds; undefined for any. */
  covers?: ReadonlySet<string>;
  attachments: boolean;
  /** Names of tracks. */
  titles: boolean;
  /** Flags of tracks that it holds; undefined for any that ffmpeg knows. */
  flags?: ReadonlySet<string>;
  /** Tags with keys of any kind; where false, those of the whole file only, and none that players show beside them. */
  customTags: boolean;
  /** False where the first track of a kind is made the default one when none is. */
  noDefault: boolean;
}

/** What results can be written in, and what ffmpeg puts into each (tried with its 5.1; docs/encoding.md). */
export const FORMATS: Record<Container, Format> = {
  mkv: {
    name: 'Matroska',
    muxer: 'matroska',
    demuxer: 'matroska',
    subtitles: new Set(
      'subrip ass ssa webvtt hdmv_pgs_subtitle dvb_subtitle dvd_subtitle hdmv_text_subtitle'.split(' '),
    ),
    text: 'subrip',
    attachments: true,
    titles: true,
    customTags: true,
    noDefault: true,
  },
  mp4: {
    name: 'MP4',
    muxer: 'mp4',
    demuxer: 'mov',
    subtitles: new Set(['mov_text']),
    text: 'mov_text',
    audio: new Set(['opus', 'aac', 'ac3', 'eac3', 'mp3', 'alac', 'flac']),
    covers: new Set(['mjpeg', 'png']),
    attachments: false,
    titles: false,
    customTags: false,
    flags: new Set('default forced hearing_impaired visual_impaired comment dub captions descriptions'.split(' ')),
    noDefault: false,
  },
  webm: {
    name: 'WebM',
    muxer: 'webm',
    demuxer: 'matroska',
    subtitles: new Set(['webvtt']),
    audio: new Set(['opus', 'vorbis']),
    covers: new Set(),
    attachments: false,
    titles: true,
    customTags: true,
    flags: new Set(['default', 'forced']),
    noDefault: true,
  },
};

/** Why a result that is planned so does not fit into a container, as half a sentence; undefined when all of it does. */
export function whyUnfit(container: Container, probe: Probe, streams: StreamPlan[]): string | undefined {
  const format = FORMATS[container];
  const kept = new Map(streams.filter((s) => s.action !== 'drop').map((s) => [s.source, s]));
  const defaults = new Map<string, boolean>();
  for (const stream of probe.streams) {
    const plan = kept.get(stream.index);
    const lost = plan ? misfit(format, stream, plan) : unplaced(stream);
    if (lost) return `${format.name} cannot hold ${lost}`;
    if (!plan || stream.type === 'cover') continue;
    const isDefault = stream.dispositions?.includes('default') ?? false;
    defaults.set(stream.type, defaults.get(stream.type) || isDefault);
  }
  const beside = probe.playerTags ? 'its title or others' : streams.some((s) => s.type === 'cover') && 'its cover';
  if (!format.customTags && probe.customTags && beside)
    return `${format.name} cannot hold both tags like ${probe.customTags[0]} and ${beside}`;
  const without = format.noDefault ? undefined : [...defaults].find(([, found]) => !found)?.[0];
  return without && `${format.name} always has a default ${without} track, and this video has none`;
}

/** What of a stream that is left out another container would keep. */
function unplaced(stream: Stream): string | false {
  if (stream.type === 'subtitle') return codecName(stream.codec);
  return stream.type === 'data' && stream.tag === TIMECODE && 'its timecode';
}

function misfit(format: Format, stream: Stream, plan: StreamPlan): string | undefined {
  if (stream.type === 'cover')
    return format.covers && !format.covers.has(stream.codec ?? '') ? 'its cover picture' : undefined;
  if (stream.type === 'attachment') return format.attachments ? undefined : `the attachment ${stream.filename ?? ''}`;
  if (stream.customTags && !format.customTags) return `the tag ${stream.customTags[0]} of a track`;
  if (stream.type === 'video' && stream.stereo && format.muxer !== 'matroska') return 'how its two eyes are stored';
  if (stream.title && !format.titles) return `the name of a track ("${stream.title}")`;
  if (format.flags && stream.dispositions?.some((flag) => !format.flags?.has(flag)))
    return `all flags of a track (${stream.dispositions.join(', ')})`;
  if (plan.action === 'copy' && plan.type === 'audio' && format.audio && !format.audio.has(stream.codec ?? ''))
    return `${codecName(stream.codec)} sound`;
  return undefined;
}
