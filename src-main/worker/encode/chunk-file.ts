import { Fault } from '../../../src-shared/util/errors.ts';
import type { Tools } from '../../media/ffmpeg/capabilities.ts';
import { type ProcessManager, type RunOptions, STALL_MS, wasKilled } from '../../media/ffmpeg/process-manager.ts';

/** Content of a chunk's file. */
interface ChunkContent {
  /** When each frame is shown, in s on its own clock, ascending. */
  times: number[];
  /** Hash of the sequence header. */
  header: string;
}

/**
 * Reads what an encoded chunk holds, by its packets.
 * @throws Fault `node` when ffprobe was killed
 */
export async function readChunk(
  { processes, tools }: { processes: ProcessManager; tools: Tools },
  file: string,
  muxer: 'mp4' | 'matroska',
  options: RunOptions,
): Promise<ChunkContent | 'cancelled'> {
  const entries = 'packet=pts_time:stream=extradata_hash';
  const args = ['-v', 'error', '-select_streams', 'v:0', '-show_data_hash', 'sha256', '-show_entries', entries];
  args.push('-of', 'compact', '-f', muxer === 'mp4' ? 'mov' : muxer, `file:${file}`);
  const content: ChunkContent = { times: [], header: '' };
  const end = await processes.run(tools.ffprobe, args, {
    ...options,
    stallMs: STALL_MS,
    onStdout: (line) => {
      const [, time] = /^packet\|pts_time=(-?[\d.]+)/.exec(line) ?? [];
      if (time !== undefined) content.times.push(Number(time));
      const [, header] = /^stream\|extradata_hash=(\S+)/.exec(line) ?? [];
      if (header !== undefined) content.header = header;
    },
  });
  if (end.kind === 'cancelled') return 'cancelled';
  if (wasKilled(end)) throw new Fault('node', 'ffprobe was killed while it looked at a chunk.');
  content.times.sort((a, b) => a - b);
  return content;
}
