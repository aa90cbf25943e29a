import { MultiBar, Presets, type SingleBar } from 'cli-progress';
import type { FileChanged, Summary } from '../../src-shared/contract.ts';
import type { FileView } from '../../src-shared/file-view.ts';
import { count, formatBytes, formatDuration, formatSaving } from '../../src-shared/format.ts';
import type { FileState } from '../../src-shared/job.ts';
import type { RunningView } from '../../src-shared/lease.ts';
import { nameOf } from '../../src-shared/paths.ts';
import { plainText } from '../../src-shared/plain-text.ts';
import { print, printJson } from './print.ts';

/** States in which a file stays until somebody or something changes it. */
const FINAL: ReadonlySet<FileState> = new Set(['done', 'skipped', 'failed', 'blocked']);

/** Tells a user or a script what a run of `convert` does. */
export interface Reporter {
  scanned(files: number): void;
  notice(text: string): void;
  file(file: FileChanged): void;
  progress(running: RunningView): void;
  dryRun(files: FileView[], estimates: Map<number, number>): void;
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

  dryRun(files: FileView[], estimates: Map<number, number>): void {
    for (const { id, path, state, code, reason, size } of files) {
      this.#print({
        type: 'file',
        path,
        would: state === 'queued' ? 'convert' : state,
        code,
        reason,
        size,
        estimate: estimates.get(id) ?? null,
      });
    }
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

function estimated(files: FileView[], estimates: Map<number, number>): { before: number; after: number } {
  const queued = files.filter((f) => estimates.has(f.id));
  return {
    before: queued.reduce((sum, f) => sum + f.size, 0),
    after: queued.reduce((sum, f) => sum + (estimates.get(f.id) ?? 0), 0),
  };
}

/** Sentences and, on a terminal, a bar a running film. */
export class TextReporter implements Reporter {
  readonly #bars = process.stdout.isTTY
    ? new MultiBar(
        {
          format: '{stage} {bar} {percent}  {film}  {speeds}',
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
    this.#print(`Found ${count(files, 'film')}.`);
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
      film: plainText(nameOf(path)),
      percent: share === undefined ? '' : `${Math.floor(100 * share)} %`.padStart(5),
      speeds:
        stage === 'encoding' ? `${fps?.toFixed(1) ?? '–'} fps, ${speed?.toFixed(2) ?? '–'}x, ETA ${eta_text}` : '',
    };
    const bar = this.#running.get(file) ?? this.#bars.create(100, 0, payload);
    this.#running.set(file, bar);
    bar.update(Math.floor(100 * (share ?? 0)), payload);
  }

  dryRun(files: FileView[], estimates: Map<number, number>): void {
    for (const file of files) {
      const estimate = estimates.get(file.id);
      const would =
        estimate === undefined
          ? `${file.state}${file.reason ? `: ${file.reason}` : ''}`
          : `would be converted, ${formatBytes(file.size)} → about ${formatBytes(estimate)}`;
      this.#print(`${file.path}  ${would}`);
    }
    const { before, after } = estimated(files, estimates);
    const left = files.length - estimates.size;
    this.#print(
      `${count(estimates.size, 'film')} of ${formatBytes(before)} could become about ${formatBytes(after)}; ${count(left, 'film')} would be left as ${left === 1 ? 'it is' : 'they are'}. Nothing was changed.`,
    );
  }

  summary(files: FileView[]): void {
    const { before, after } = sums(files);
    const counts = Object.entries(countStates(files)).map(([state, n]) => `${n} ${state}`);
    this.#print(
      `${count(files.length, 'film')}: ${counts.join(', ') || 'nothing to do'}. ${before > 0 ? `${formatBytes(before)} became ${formatBytes(after)} (${formatSaving(before, after)}).` : ''}`.trim(),
    );
  }

  end(): void {
    this.#bars?.stop();
  }
}
