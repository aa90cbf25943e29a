/** Looks into media files with ffprobe, independently of Flotilla. */
import { statSync } from 'node:fs';
import { execaSync } from 'execa';

/** A stream as ffprobe shows it. */
export interface ProbedStream {
  index: number;
  codec_type: string;
  codec_name?: string;
  width?: number;
  height?: number;
  pix_fmt?: string;
  sample_aspect_ratio?: string;
  channels?: number;
  channel_layout?: string;
  color_range?: string;
  color_space?: string;
  color_transfer?: string;
  color_primaries?: string;
  disposition: Record<string, number>;
  tags?: Record<string, string>;
  side_data_list?: { side_data_type: string }[];
}

/** A file as ffprobe shows it. */
export interface Probed {
  streams: ProbedStream[];
  chapters: { start_time: string; end_time: string; tags?: Record<string, string> }[];
  format: { format_name: string; duration?: string; tags?: Record<string, string> };
}

const ffprobe = (file: string, ...args: string[]) =>
  JSON.parse(execaSync('ffprobe', ['-v', 'error', ...args, '-of', 'json', '-i', `file:${file}`]).stdout) as unknown;

/** A file with the times of its packets. */
interface Listed extends Probed {
  packets?: { stream_index: number; pts_time?: string; flags: string }[];
}

const listed = new Map<string, Listed>();

/** Asks ffprobe everything at once, and once for each version of a file: its start costs more than most of its answers. */
function list(file: string): Listed {
  const { ino, size, mtimeNs, ctimeNs } = statSync(file, { bigint: true });
  const version = [file, ino, size, mtimeNs, ctimeNs].join();
  const packets = ['-show_entries', 'packet=stream_index,pts_time,flags'];
  const known = listed.get(version);
  const answer = known ?? (ffprobe(file, '-show_format', '-show_streams', '-show_chapters', ...packets) as Listed);
  listed.set(version, answer);
  return answer;
}

/** Returns streams, chapters, and tags of a file. */
export function probe(file: string): Probed {
  const { streams, chapters, format } = list(file);
  return structuredClone({ streams, chapters, format });
}

/** Returns when the packets of a stream are shown, in ascending order, without those that an edit list hides. */
export function packetTimes(file: string, index: number): number[] {
  return (list(file).packets ?? [])
    .filter(({ stream_index, flags }) => stream_index === index && !flags.includes('D'))
    .map(({ pts_time }) => Number(pts_time))
    .sort((a, b) => a - b);
}

/** Returns side data of the first decoded frame, by type. */
export function frameSideData(file: string): Record<string, Record<string, string | number>> {
  const entries = ['-select_streams', 'v:0', '-read_intervals', '%+#1', '-show_frames'];
  const { frames } = ffprobe(file, ...entries) as {
    frames: { side_data_list?: ({ side_data_type: string } & Record<string, string | number>)[] }[];
  };
  return Object.fromEntries((frames[0]?.side_data_list ?? []).map((side) => [side.side_data_type, side]));
}

/** Times in whole ms after the first. */
export const fromFirst = (times: number[]) => times.map((time) => Math.round((time - (times[0] ?? 0)) * 1000));
