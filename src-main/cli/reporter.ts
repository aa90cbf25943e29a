import { MultiBar, Presets, type SingleBar } from 'cli-progress';
import type { FileView } from '../../src-shared/contract/file-view.ts';
import type { FileChanged, Summary } from '../../src-shared/contract/index.ts';
import type { FileState } from '../../src-shared/jobs/job.ts';
import type { RunningView } from '../../src-shared/jobs/lease.ts';
import { bytesWithError } from '../../src-shared/text/forecast-text.ts';
import { count, formatBytes, formatDuration, formatSaving, savedPercent } from '../../src-shared/text/format.ts';
import { nameOf } from '../../src-shared/util/paths.ts';
import { plainText } from '../../src-shared/util/plain-text.ts';
import { print, printJson } from './print.ts';

/** States in which a file stays until a user or a change of the file ends them. */
const FINAL: ReadonlySet<FileState> = new Set(['done', 'skipped', 'failed', 'blocked']);

/** What a conversion would make of a video. */
export interface Estimate {
  bytes: number;
  /** Set where samples of it were encoded. */
  sampled?: {
    bytesError: number;
    crf: number;
    /** dB; null where it was not measured. */
    quality: number | null;
    windows: number;
    /** False if its conversion would stop here, because it saves too little. */
    worthIt: boolean;
  };
}

/** Reports to a user or a script what a run of `convert` does. */
export interface Reporter {
  scanned(files: number): void;
  notice(text: string): void;
  file(file: FileChanged): void;
  progress(running: RunningView): void;
  /** What a dry run says of one video; without an estimate it would not be converted. */
  wouldBe(file: FileView, estimate: Estimate | undefined): void;
  dryRun(files: FileView[], estimates: Map<number, Estimate>): void;
  summary(files: FileView[], totals: Summary): void;
  end(): void;
}

function countStates(files: FileView[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { state } of files) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

function sums(files: FileView[]): { before: number; after: number } {
  const done = files.filter((f) => f.state === 'done');
  const sum = (pick: (f: FileView) => number | null) => done.reduce((total, f) => total + (pick(f) ?? 0), 0);
  return { before: sum((f) => f.sourceSize), after: sum((f) => f.resultSize) };
}

/** One JSON object a line on stdout. */
export class JsonReporter implements Reporter {
  #print(object: object): void {
    printJson(object);
  }

  scanned(files: number): void {
    this.#print({ type: 'scanned', files });
  }

  notice(text: string): void {
    this.#print({ type: 'notice', text });
  }

  file({ path, root, state, code, reason, sourceSize, resultSize }: FileChanged): void {
    if (FINAL.has(state)) this.#print({ type: 'file', root, path, state, code, reason, sourceSize, resultSize });
  }

  progress({ path, progress }: RunningView): void {
    this.#print({ type: 'progress', path, ...progress });
  }

  wouldBe({ path, state, code, reason, size }: FileView, estimate: Estimate | undefined): void {
    const { bytesError, crf, quality, worthIt } = estimate?.sampled ?? {};
    this.#print({
      type: 'file',
      path,
      would: state === 'queued' ? (worthIt === false ? 'skip' : 'convert') : state,
      code,
      reason,
      size,
      estimate: estimate?.bytes ?? null,
      ...(estimate?.sampled && { estimateError: bytesError, crf, quality }),
    });
  }

  dryRun(files: FileView[], estimates: Map<number, Estimate>): void {
    const { before, after } = estimated(files, estimates);
    this.#print({
      type: 'summary',
      dryRun: true,
      files: files.length,
      counts: countStates(files),
      sourceBytes: before,
      estimatedBytes: after,
    });
  }

  summary(files: FileView[]): void {
    const { before, after } = sums(files);
    this.#print({
      type: 'summary',
      files: files.length,
      counts: countStates(files),
      sourceBytes: before,
      resultBytes: after,
    });
  }

  end(): void {}
}

/** Bytes of the videos that would be converted. */
function estimated(files: FileView[], estimates: Map<number, Estimate>): { before: number; after: number } {
  const queued = files.filter((f) => isConverted(estimates.get(f.id)));
  return {
    before: queued.reduce((sum, f) => sum + f.size, 0),
    after: queued.reduce((sum, f) => sum + (estimates.get(f.id)?.bytes ?? 0), 0),
  };
}

const isConverted = (estimate: Estimate | undefined) => estimate !== undefined && estimate.sampled?.worthIt !== false;

/** What would become of a video, in words. */
function wouldBeWords({ state, reason, size }: FileView, estimate: Estimate | undefined): string {
  if (!estimate) return `${state}${reason ? `: ${reason}` : ''}`;
  const { bytes, sampled } = estimate;
  if (!sampled) return `would be converted, ${formatBytes(size)} → about ${formatBytes(bytes)}`;
  const { crf, quality, bytesError, windows, worthIt } = sampled;
  const how = `CRF ${Number(crf.toFixed(2))}${quality === null ? '' : ` for ${quality.toFixed(1)} dB XPSNR`}`;
  const sizes = `${formatBytes(size)} → about ${bytesWithError(bytes, bytesError)}, −${savedPercent(size, bytes)}`;
  const verdict = worthIt ? 'would be converted' : 'would be skipped, not worth it';
  return `${verdict}: ${sizes}, ${how} (${count(windows, 'sample')})`;
}

/** Sentences and, on a terminal, a bar a running video. */
export class TextReporter implements Reporter {
  readonly #bars = process.stdout.isTTY
    ? new MultiBar(
        {
          format: '{stage} {bar} {percent}  {video}  {speeds}',
          barsize: 20,
          clearOnComplete: true,
          hideCursor: true,
          forceRedraw: true,
        },
        Presets.shades_classic,
      )
    : undefined;
  readonly #running = new Map<number, SingleBar>();

  #print(line: string): void {
    if (this.#bars && this.#running.size > 0) this.#bars.log(`${plainText(line)}\n`);
    else print(line);
  }

  scanned(files: number): void {
    this.#print(`Found ${count(files, 'video')}.`);
  }

  notice(text: string): void {
    this.#print(text);
  }

  file({ id, path, state, reason, sourceSize, resultSize }: FileChanged): void {
    if (!FINAL.has(state)) return;
    const bar = this.#running.get(id);
    if (bar) this.#bars?.remove(bar);
    this.#running.delete(id);
    const saved =
      state === 'done' && sourceSize && resultSize
        ? `${formatBytes(sourceSize)} → ${formatBytes(resultSize)} (${formatSaving(sourceSize, resultSize)})`
        : reason;
    this.#print(`${state.padEnd(7)} ${path}${saved ? `: ${saved}` : ''}`);
  }

  progress({ file, path, progress }: RunningView): void {
    if (!this.#bars) return;
    const { stage, share, fps, speed, eta } = progress;
    const eta_text = eta === undefined ? 'estimating' : `about ${formatDuration(eta)}`;
    const payload = {
      stage: stage.padEnd(9),
      video: plainText(nameOf(path)),
      percent: share === undefined ? '' : `${Math.floor(100 * share)}%`.padStart(4),
      speeds:
        stage === 'encoding' ? `${fps?.toFixed(1) ?? '–'} fps, ${speed?.toFixed(2) ?? '–'}x, ETA ${eta_text}` : '',
    };
    const bar = this.#running.get(file) ?? this.#bars.create(100, 0, payload);
    this.#running.set(file, bar);
    bar.update(Math.floor(100 * (share ?? 0)), payload);
  }

  wouldBe(file: FileView, estimate: Estimate | undefined): void {
    this.#print(`${file.path}  ${wouldBeWords(file, estimate)}`);
  }

  dryRun(files: FileView[], estimates: Map<number, Estimate>): void {
    const { before, after } = estimated(files, estimates);
    const converted = [...estimates.values()].filter(isConverted).length;
    const left = files.length - converted;
    this.#print(
      `${count(converted, 'video')} of ${formatBytes(before)} would become about ${formatBytes(after)}; ${count(left, 'video')} would be skipped. Nothing was changed.`,
    );
  }

  summary(files: FileView[]): void {
    const { before, after } = sums(files);
    const counts = Object.entries(countStates(files)).map(([state, n]) => `${n} ${state}`);
    this.#print(
      `${count(files.length, 'video')}: ${counts.join(', ') || 'nothing to do'}. ${before > 0 ? `${formatBytes(before)} became ${formatBytes(after)} (${formatSaving(before, after)}).` : ''}`.trim(),
    );
  }

  end(): void {
    this.#bars?.stop();
  }
}
