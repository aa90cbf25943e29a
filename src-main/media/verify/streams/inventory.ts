import { z } from 'zod';
import { Fault } from '../../../../src-shared/util/errors.ts';
import { STALL_MS } from '../../ffmpeg/process-manager.ts';
import type { Side, Sides } from '../sides.ts';

/** A chapter as ffprobe reports it. */
export interface Chapter {
  /** On the file's own clock, in s, as its end. */
  start: number;
  end: number;
  title: string;
}

/** Content of a file besides its packets. */
export interface Inventory {
  chapters: Chapter[];
  /** SHA-256 of what describes each stream, by its index: of an attachment, its bytes. */
  data: ReadonlyMap<number, string>;
  /** Tags of each stream by its index, their keys in lower case. */
  tags: ReadonlyMap<number, ReadonlyMap<string, string>>;
}

const Tags = z.record(z.string(), z.string()).default({});
const Report = z.object({
  chapters: z.array(z.object({ start_time: z.coerce.number(), end_time: z.coerce.number(), tags: Tags })).default([]),
  streams: z.array(z.object({ index: z.number(), extradata_hash: z.string().optional(), tags: Tags })).default([]),
});

const inLowerCase = (tags: Record<string, string>) =>
  new Map(Object.entries(tags).map(([key, value]) => [key.toLowerCase(), value]));

/**
 * Asks ffprobe for the chapters of a file, and for hashes of what describes its streams.
 * @throws Fault `conflict` when it cannot be read
 */
export async function readInventory({ processes, tools, request, turn }: Sides, side: Side): Promise<Inventory> {
  const entries = ['-show_chapters', '-show_streams', '-show_data_hash', 'sha256', '-of', 'json'];
  const input = ['-protocol_whitelist', 'file', '-f', side.demuxer, '-i', `file:${side.file}`];
  const args = ['-hide_banner', '-v', 'error', ...entries, ...input];
  const options = { timeoutMs: STALL_MS, ...(request.signal && { signal: request.signal }) };
  const { end, stdout } = await turn(() => processes.capture(tools.ffprobe, args, options));
  if (end.kind === 'cancelled') throw request.signal?.reason ?? new Error('cancelled');
  if (end.kind !== 'exit' || end.code !== 0)
    throw new Fault('conflict', 'its chapters and attachments could not be read.');
  const report = Report.parse(JSON.parse(stdout));
  return {
    chapters: report.chapters.map(({ start_time: start, end_time: last, tags }) => ({
      start,
      end: last,
      title: inLowerCase(tags).get('title') ?? '',
    })),
    data: new Map(report.streams.flatMap((s) => (s.extradata_hash ? [[s.index, s.extradata_hash] as const] : []))),
    tags: new Map(report.streams.map((s) => [s.index, inLowerCase(s.tags)])),
  };
}
