import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

/** One number of a report; with a goal, whether it is met. */
export interface Measured {
  value: number;
  unit: string;
  /** The value may be at most this. */
  goal?: number;
  met?: boolean;
}

/** Numbers by name. */
export type Report = Record<string, Measured | string>;

/** What a run of a bench can be told; a bench takes what concerns it and has a default for each. */
export interface BenchOptions {
  /** Determines everything that is random. */
  seed?: number;
  videos?: number;
  workers?: number;
  clips?: number;
  seconds?: number;
  /** Of encodes that are not about presets. */
  preset?: number;
  /** How often something random is tried. */
  rounds?: number;
  /** The first and the last preset. */
  from?: number;
  to?: number;
}

/** Measures one thing and reports it; `folder` is removed afterwards. */
export type Bench = (folder: string, options: BenchOptions) => Promise<Report>;

/** The built program. */
export const FLOTILLA = path.resolve(import.meta.dirname, '../../../out/main/headless.js');

/** Where what is worth keeping between runs lies. */
export const KEPT = path.join(os.tmpdir(), 'flotilla-bench');

/** Tells a human how far the benches are; stdout is for the result alone. */
export function say(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
}

/** A number rounded to what its noise allows, and against its goal if it has one. */
export function measured(value: number, unit: string, goal?: number): Measured {
  const rounded = Number(value.toPrecision(4));
  return { value: rounded, unit, ...(goal !== undefined && { goal, met: value <= goal }) };
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2;
}

/** The value that `share` (0 to 1) of all values do not exceed; NaN for none. */
export function quantile(values: number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(share * values.length))] ?? Number.NaN;
}

/** Seconds that `work` takes. */
export async function timed(work: () => unknown): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

/**
 * Processor time of a process and of its children that have ended: utime, stime, cutime and cstime of proc(5), in ticks of which
 * Linux has 100 a second.
 */
export function cpuSeconds(pid: number): number {
  const [, fields = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const ticks = fields.split(' ').slice(11, 15).map(Number);
  return ticks.reduce((sum, n) => sum + n, 0) / 100;
}

/** Runs a program to its end, its output thrown away but for what `onStdout` takes. @throws when it fails */
export function run(command: string, args: string[], env: NodeJS.ProcessEnv = process.env): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'], env });
    const output: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(Buffer.concat(output).toString());
      else reject(new Error(`${command} ended with ${code}`));
    });
  });
}

/** Runs `work` with a new folder that is gone afterwards. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'flotilla-bench-'));
  try {
    return await work(folder);
  } finally {
    // A folder that stays must not hide why the work failed.
    await rm(folder, { recursive: true, force: true }).catch((error) =>
      say(`${folder} was not removed: ${error.message}`),
    );
  }
}
