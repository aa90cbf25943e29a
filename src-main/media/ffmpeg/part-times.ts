import { Fault } from '../../../src-shared/util/errors.ts';
import type { Tools } from './capabilities.ts';
import { type ProcessManager, STALL_MS, wasKilled } from './process-manager.ts';
import { PACKET_ENTRIES, parsePacket } from './timeline.ts';

/** Packets are read this far behind a part, in s: some that are shown in it are stored behind others that aren't. */
const BEHIND = 1;
/** Later than any video ends, in s: ffprobe 9.0 reads nothing of an interval without an end. */
const NEVER = 9_999_999;

/** A part of a stream. */
export interface StreamPart {
  demuxer: string;
  /** Index of the stream. */
  stream: number;
  /** Times in s, as the file counts: where to seek to, and where the part begins and ends; without an end, it ends with the file. */
  seek: number;
  begin: number;
  end?: number | undefined;
}

/**
 * Reads when the pictures of a part are shown, in s, ascending, from a file that may have holes elsewhere.
 * @throws Fault `node` when ffprobe was killed, or the reason of the aborted `signal`
 */
export async function readPartTimes(
  { processes, tools }: { processes: ProcessManager; tools: Tools },
  file: string,
  { demuxer, stream, seek, begin, end = NEVER }: StreamPart,
  signal: AbortSignal,
): Promise<Float64Array> {
  const interval = `${seek.toFixed(6)}%${(end + BEHIND).toFixed(6)}`;
  const args = ['-v', 'error', '-protocol_whitelist', 'file', '-f', demuxer, '-select_streams', String(stream)];
  args.push('-read_intervals', interval, '-show_entries', PACKET_ENTRIES, '-of', 'csv=p=0', '-i', `file:${file}`);
  const times: number[] = [];
  const ended = await processes.run(tools.ffprobe, args, {
    ...{ signal, stallMs: STALL_MS },
    onStdout: (line) => {
      if (line === '') return;
      const { hidden, time } = parsePacket(line);
      if (!hidden && time >= begin && time < end) times.push(time);
    },
  });
  signal.throwIfAborted();
  if (wasKilled(ended)) throw new Fault('node', 'ffprobe was killed while it looked at a part of a video.');
  return Float64Array.from(times).sort();
}
