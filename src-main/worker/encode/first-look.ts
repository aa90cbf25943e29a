/** Checks with the first moments of a video before it is encoded: they read no more of a large video than of a small one. */
import path from 'node:path';
import type { Outcome } from '../../../src-shared/jobs/lease.ts';
import { FORMATS } from '../../../src-shared/plan/container.ts';
import { COVER_WRITTEN, coverArgs, HEADER_WRITTEN, preflightArgs } from '../../../src-shared/plan/ffmpeg-args.ts';
import type { Plan } from '../../../src-shared/plan/plan.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import type { Tools } from '../../media/ffmpeg/capabilities.ts';
import {
  type ProcessManager,
  type RunEnd,
  type RunOptions,
  STALL_MS,
  wasKilled,
} from '../../media/ffmpeg/process-manager.ts';

/** The trial of the header takes moments; without a verdict by then, the encode finds out. */
const TRIAL_MS = 60_000;

/** Runs ffmpeg and ends it at the line of its log that says that its work is done. */
async function runUntil(
  processes: ProcessManager,
  tools: Tools,
  args: string[],
  done: RegExp,
  options: RunOptions,
): Promise<{ end: RunEnd | 'done'; errors: string[] }> {
  const errors: string[] = [];
  const finished = new AbortController();
  const signals = [options.signal, finished.signal].filter((signal) => signal !== undefined);
  const end = await processes.run(tools.ffmpeg, args, {
    ...options,
    signal: AbortSignal.any(signals),
    onStderr: (line) => {
      if (done.test(line)) finished.abort();
      if (/\[(error|fatal)\]/.test(line)) errors.push(line.replace(/^(\[[^\]]*\]\s*)+/, ''));
    },
  });
  const ended = finished.signal.aborted && !options.signal?.aborted;
  return { end: ended || (end.kind === 'exit' && end.code === 0) ? 'done' : end, errors };
}

/**
 * Tries whether the result's container takes the streams that are copied.
 * @returns how the attempt ended where it does not; undefined when it does, or when storage is too slow to tell
 * @throws Fault `node` when ffmpeg was killed
 */
export async function tryHeader(
  processes: ProcessManager,
  tools: Tools,
  plan: Plan,
  source: string,
  folder: string,
  options: RunOptions,
): Promise<Outcome | undefined> {
  const args = preflightArgs(plan, source, path.join(folder, 'trial'));
  if (!args) return undefined;
  const timed = { ...options, timeoutMs: TRIAL_MS };
  const { end, errors } = await runUntil(processes, tools, args, HEADER_WRITTEN, timed);
  if (end === 'done' || end.kind === 'stalled') return undefined;
  if (end.kind === 'cancelled') return { kind: 'released' };
  if (wasKilled(end)) throw new Fault('node', 'ffmpeg was killed while it tested the streams of a video.');
  const { name } = FORMATS[plan.container];
  const reason = `${name} cannot hold one of its streams: ${errors[0] ?? 'no reason given'}`;
  return { kind: 'skip', code: 'container-refuses', reason };
}

/**
 * Takes cover pictures out, for a container that holds them as attachments.
 * @returns their files in the plan's order, or how the attempt ended
 * @throws Fault `node` when the storage of the video does not answer
 */
export async function takeCovers(
  processes: ProcessManager,
  tools: Tools,
  plan: Plan,
  source: string,
  folder: string,
  options: RunOptions,
): Promise<string[] | Outcome> {
  const files: string[] = [];
  if (!FORMATS[plan.container].attachments) return files;
  for (const cover of plan.streams.filter((s) => s.action === 'cover')) {
    const file = path.join(folder, `cover-${cover.source}`);
    const args = coverArgs(plan, cover.source, source, file);
    const { end, errors } = await runUntil(processes, tools, args, COVER_WRITTEN, { ...options, timeoutMs: STALL_MS });
    if (end !== 'done') {
      if (end.kind === 'cancelled') return { kind: 'released' };
      if (end.kind === 'stalled')
        throw new Fault('node', `The storage of ${source} is too slow; check its connection.`);
      const reason = `Its cover picture could not be read: ${errors.at(-1) ?? end.kind}.`;
      return { kind: 'failed', reason, log: errors.join('\n') };
    }
    files.push(file);
  }
  return files;
}
