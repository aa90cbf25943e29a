/** Listens to the sound of a video at a few places: what its head says need not hold for all of it, or be decodable at all. */
import { z } from 'zod';
import type { AudioStream, Stream } from '../../../src-shared/media/probe.ts';

/** Layout names that ffmpeg makes up where a file does not say. */
const NAMELESS = /^\d+ channels|unknown/;
export const layoutName = (printed: string | undefined) => (printed && !NAMELESS.test(printed) ? printed : undefined);

/** A packet, or a frame that was decoded, as ffprobe prints them. */
export const Heard = z.object({
  type: z.string(),
  stream_index: z.number(),
  channels: z.number().optional(),
  channel_layout: z.string().optional(),
});
export type Heard = z.infer<typeof Heard>;

/** What ffprobe is asked for. */
export const HEARD_ENTRIES = [
  ...['-select_streams', 'a', '-show_packets', '-show_frames'],
  ...['-show_entries', 'packet=stream_index:frame=stream_index,channels,channel_layout'],
];

/** Seconds that are listened to at the beginning, where each track should have begun, and at each later place. */
const [FIRST, LATER] = [1.5, 0.25];
/** Videos longer than this, in s, are listened to later, too. */
const LONG = 3;
const SHARES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.98];
/** Number of packets of a track without a decoded frame after which it can't be decoded: the first ones may lack earlier packets. */
const SILENT_PACKETS = 8;

/** Where to listen, as ffprobe's `-read_intervals`. */
export function decodedPlaces(start: number, duration: number): string[] {
  const later = duration > LONG ? SHARES.map((share) => `${(start + share * duration).toFixed(3)}%+${LATER}`) : [];
  return [`%+${FIRST}`, ...later];
}

function noteTrack(stream: AudioStream, heard: Heard[]): void {
  const frames = heard.filter((h) => h.type === 'frame' && h.channels);
  const packets = heard.filter((h) => h.type === 'packet');
  if (frames.length === 0 && packets.length >= SILENT_PACKETS) stream.undecodable = true;
  const layouts = new Map(frames.map((f) => [layoutName(f.channel_layout) ?? `${f.channels} channels`, f] as const));
  const largest = [...layouts.values()].sort((a, b) => (b.channels ?? 0) - (a.channels ?? 0))[0];
  if (!largest?.channels) return;
  if (layouts.size === 1 && largest.channels === stream.channels) return;
  const named = stream.layout ?? `${stream.channels} channels`;
  if (stream.channels > 0) layouts.set(named, layouts.get(named) ?? largest);
  if (layouts.size > 1) stream.layouts = [...layouts.keys()];
  if (largest.channels < stream.channels) return;
  stream.channels = largest.channels;
  const layout = layoutName(largest.channel_layout);
  if (layout) stream.layout = layout;
  else delete stream.layout;
}

/** Adds the results of decoding to audio tracks. */
export function addDecoded(streams: Stream[], heard: Heard[]): void {
  for (const stream of streams) {
    if (stream.type === 'audio' && stream.codec)
      noteTrack(
        stream,
        heard.filter((h) => h.stream_index === stream.index),
      );
  }
}
