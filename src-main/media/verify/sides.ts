import type { LimitFunction } from 'p-limit';
import type { Capabilities } from '../../../src-shared/fleet/worker-info.ts';
import type { Probe } from '../../../src-shared/media/probe.ts';
import { FORMATS } from '../../../src-shared/plan/container.ts';
import { inputArgs, soundDecodeArgs } from '../../../src-shared/plan/ffmpeg-args.ts';
import { decodeArgs } from '../../../src-shared/plan/video-args.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import type { Tools } from '../ffmpeg/capabilities.ts';
import { type ProcessManager, STALL_MS, wasKilled } from '../ffmpeg/process-manager.ts';
import { storageGone } from '../ffmpeg/storage-gone.ts';
import type { Timeline } from '../ffmpeg/timeline.ts';
import type { VerifyRequest } from './verify-request.ts';

/** Seeking a hair too late loses a frame; more than half a unit of the file's clock too early, and a key frame is missed. */
const SEEK_EARLY = 0.000_001;

/** One of the two files that are compared. */
export interface Side {
  file: string;
  demuxer: string;
  probe: Probe;
  timeline: Timeline;
  /** Options that its pictures are decoded with. */
  decoding: string[];
}

/** Source and result, and the tools to compare them with. */
export interface Sides {
  processes: ProcessManager;
  tools: Tools;
  caps: Capabilities;
  request: VerifyRequest;
  source: Side;
  result: Side;
  /** By how much the result's clock is ahead of the source's, in s. */
  shift: number;
  /** Gives numbers from 0 up to 1 that no worker can foresee. */
  random: () => number;
  /** Lets few programs run at a time. */
  turn: LimitFunction;
  /** Ends all that runs for this comparison. */
  failed: AbortController;
}

/** Puts the two sides of a request together. */
export function sidesOf(
  parts: Pick<Sides, 'processes' | 'tools' | 'caps' | 'request' | 'shift' | 'random' | 'turn'>,
  result: Probe,
  before: Timeline,
  after: Timeline,
): Sides {
  const { caps } = parts;
  const failed = new AbortController();
  const { signal } = parts.request;
  const request = { ...parts.request, signal: signal ? AbortSignal.any([signal, failed.signal]) : failed.signal };
  return {
    ...parts,
    request,
    failed,
    source: {
      file: request.source,
      demuxer: request.plan.demuxer,
      probe: request.sourceProbe,
      timeline: before,
      decoding: [...decodeArgs(caps), ...soundDecodeArgs(request.plan.streams)],
    },
    result: {
      file: request.result,
      demuxer: FORMATS[request.plan.container].demuxer,
      probe: result,
      timeline: after,
      decoding: [],
    },
  };
}

/**
 * Returns the input options and input of a side.
 * @param at time on the file's own clock to read from, in s; from the start when left out
 */
export function inputOf(side: Side, at?: number): string[] {
  const seek = at === undefined ? [] : ['-ss', Math.max(0, at - (side.probe.start ?? 0) - SEEK_EARLY).toFixed(6)];
  return [...seek, ...side.decoding, ...inputArgs(side.demuxer, side.file)];
}

/** Waits for parts of a comparison that run at the same time; one that fails ends the others, and none outlives this. */
export async function together<T extends unknown[]>({ failed }: Sides, parts: { [K in keyof T]: Promise<T[K]> }) {
  try {
    return await Promise.all(parts);
  } catch (error) {
    failed.abort(error);
    await Promise.allSettled(parts);
    throw error;
  }
}

/** Exit code of a run of ffmpeg, 0 for success, and its log. */
export interface Said {
  code: number;
  /** Lines with their level in front: `[error] …`. */
  log: string[];
}

/**
 * Runs ffmpeg for a comparison.
 * @param onBytes gets its standard output
 * @param onLine gets each line of its log instead of collecting it; returns true for lines that it has handled
 * @throws Fault `node` when it was killed from outside, or the storage of a file went away; the reason of the signal when that was aborted
 */
export async function runFor(
  { processes, tools, turn, request: { signal, run } }: Sides,
  args: string[],
  onBytes?: (bytes: Uint8Array) => void,
  onLine?: (line: string) => boolean,
): Promise<Said> {
  const log: string[] = [];
  let gone: string | undefined;
  const end = await turn(() => {
    signal?.throwIfAborted();
    return processes.run(tools.ffmpeg, ['-nostdin', '-hide_banner', '-nostats', ...args], {
      ...run,
      stallMs: STALL_MS,
      ...(signal && { signal }),
      ...(onBytes && { onBytes }),
      onStderr: (line) => {
        gone ??= storageGone(line);
        if (!onLine?.(line)) log.push(line);
      },
    });
  });
  if (end.kind === 'cancelled') throw signal?.reason ?? new Error('cancelled');
  if (wasKilled(end)) throw new Fault('node', 'ffmpeg was killed while it checked a result.');
  if (gone)
    throw new Fault(
      'node',
      `The storage of a video went away while its result was checked (${gone}); connect it again.`,
    );
  return { code: end.kind === 'exit' ? end.code : -1, log };
}
