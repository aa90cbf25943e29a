import path from 'node:path';
import type { Grant, Outcome, Progress } from '../../../src-shared/jobs/lease.ts';
import { changeReason } from '../../../src-shared/plan/video-plan.ts';
import { commandLine } from '../../../src-shared/text/command-line.ts';
import { formatDuration } from '../../../src-shared/text/format.ts';
import type { Tools } from '../../media/ffmpeg/capabilities.ts';
import type { ProcessManager, RunEnd, RunOptions } from '../../media/ffmpeg/process-manager.ts';
import type { EncoderLog } from './encoder-log.ts';
import type { EncodeProgress } from './progress.ts';

/** Dependencies and settings of the commands of an encode. */
export interface EncodeRunParts {
  processes: ProcessManager;
  tools: Tools;
  /** How long a command may report nothing before it is ended, in ms. */
  stallMs: number;
  grant: Pick<Grant, 'uselessAt'>;
  /** Absolute paths of the original and of the result. */
  files: { input: string; output: string };
  options: RunOptions;
  /** A clock in ms that stops while the encode is suspended. */
  now: () => number;
  report: (progress: Progress) => void;
}

/** The commands of one encode, one after the other. */
export class EncodeRun {
  /** Those that the log of the attempt shows. */
  readonly commands: string[] = [];
  readonly #parts: EncodeRunParts;
  /** Whether the last command exited with an error, instead of being ended. */
  refused = false;

  constructor(parts: EncodeRunParts) {
    this.#parts = parts;
  }

  get parts(): EncodeRunParts {
    return this.#parts;
  }

  /**
   * Runs one command.
   * @param signal ends this command alone
   * @returns why it did not do its work; undefined when it did
   * @throws Fault `node` when a disk is full or gone
   */
  async run(
    args: string[],
    log: EncoderLog,
    progress: EncodeProgress,
    signal?: AbortSignal,
  ): Promise<Outcome | undefined> {
    this.commands.push(commandLine([this.#parts.tools.ffmpeg, ...args], process.platform === 'win32'));
    this.refused = false;
    const ended = await this.#run(args, log, progress, signal);
    return 'share' in ended ? noSavings(ended.share) : this.#failure(ended, log);
  }

  /** @returns how it ended, or the share of the video after which its result was too large */
  async #run(
    args: string[],
    log: EncoderLog,
    progress: EncodeProgress,
    signal: AbortSignal | undefined,
  ): Promise<RunEnd | { share: number }> {
    const { grant, options, now, report, processes, tools, stallMs } = this.#parts;
    const useless = new AbortController();
    const changed = new AbortController();
    const signals = [options.signal, signal, useless.signal, changed.signal].filter((s) => s !== undefined);
    const end = await processes.run(tools.ffmpeg, args, {
      ...options,
      signal: AbortSignal.any(signals),
      stallMs,
      onStderr: (text) => {
        log.add(text);
        if (log.change) changed.abort();
      },
      onStdout: (text) => {
        const block = progress.add(text, now());
        if (!block) return;
        report(block.progress);
        if (block.bytes !== undefined && block.bytes >= grant.uselessAt) useless.abort(block.progress.share ?? 1);
      },
    });
    if (options.signal?.aborted || signal?.aborted) return { kind: 'cancelled' };
    return useless.signal.aborted ? { share: useless.signal.reason as number } : end;
  }

  #failure(end: RunEnd, log: EncoderLog): Outcome | undefined {
    const { files, options, stallMs } = this.#parts;
    log.requireStorage({ input: files.input, folder: path.dirname(files.output) });
    const failed = (reason: string): Outcome => ({ kind: 'failed', reason, log: log.text(this.commands) });
    this.refused = end.kind === 'exit' && end.code !== 0;
    if (log.change && !options.signal?.aborted) return changes(log.change);
    if (end.kind === 'cancelled') return { kind: 'released' };
    if (end.kind === 'stalled')
      return failed(`ffmpeg made no progress for ${formatDuration(stallMs / 1000)} and was stopped.`);
    if (end.kind === 'killed')
      return failed(`ffmpeg was killed from outside (${end.signal}), perhaps because memory ran out.`);
    return end.code === 0 ? undefined : failed(`ffmpeg failed: ${log.lastError ?? `it ended with ${end.code}`}.`);
  }
}

/** The outcome for a video that changes in mid-video. @param change the change, in words */
export function changes(change: string): Outcome {
  return { kind: 'skip', code: 'changes', reason: changeReason(change) };
}

function noSavings(share: number): Outcome {
  const when = share > 0.95 ? '' : `: the result was already too large after ${Math.round(share * 100)}%`;
  return { kind: 'skip', code: 'no-savings', reason: `Not enough savings${when}.` };
}
