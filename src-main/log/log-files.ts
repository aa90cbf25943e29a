import { createReadStream, existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { LogLine } from '../../src-shared/contract/log-line.ts';
import { LOG_NAME } from './logger.ts';

const FILE = new RegExp(`^${LOG_NAME}\\.(\\d+)\\.log$`);

/** How often it is looked whether the log has grown, in ms. */
const LOOK_MS = 250;

/** The log files of a folder, oldest first. */
export function logFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const number = (name: string) => Number(FILE.exec(name)?.[1]);
  return readdirSync(folder)
    .filter((name) => FILE.test(name))
    .sort((a, b) => number(a) - number(b))
    .map((name) => path.join(folder, name));
}

/** A line as it was written; undefined when it is none: one that a crash cut off, say. */
function parseLine(text: string): LogLine | undefined {
  try {
    return LogLine.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

async function* linesOf(file: string, start: number, end: number): AsyncGenerator<string> {
  yield* createInterface({ input: createReadStream(file, { start, end }), crlfDelay: Number.POSITIVE_INFINITY });
}

/**
 * The newest lines of the log, oldest first.
 * @param wanted `job`: only those that carry it; `level`: only those of at least that level; `words`: only those whose message
 * has all of them, in any case; `limit`: this many at most
 */
export async function readLog(
  folder: string,
  wanted: { job?: number; level?: number; words?: string[]; limit: number },
): Promise<LogLine[]> {
  const { level = 0, words = [] } = wanted;
  const parts: LogLine[][] = [];
  // The newest file first: mostly it has enough.
  for (const file of logFiles(folder).reverse()) {
    const found: LogLine[] = [];
    for await (const text of linesOf(file, 0, Number.POSITIVE_INFINITY)) {
      // Most lines need not be parsed to know that they are another job's.
      if (wanted.job !== undefined && !text.includes(`"job":${wanted.job},`)) continue;
      const line = parseLine(text);
      if (!line || line.level < level || (wanted.job !== undefined && line.job !== wanted.job)) continue;
      const message = line.msg.toLowerCase();
      if (!words.every((word) => message.includes(word))) continue;
      found.push(line);
      if (found.length > 2 * wanted.limit) found.splice(0, wanted.limit);
    }
    parts.unshift(found);
    if (parts.flat().length >= wanted.limit) break;
  }
  return parts.flat().slice(-wanted.limit);
}

/** How far the log was written, by file. */
export function endsOfLog(folder: string): Map<string, number> {
  return new Map(logFiles(folder).map((file) => [file, statSync(file).size]));
}

/** Reports lines as they are written, from these ends on and from file to file, until `signal` ends it. */
export async function followLog(
  folder: string,
  from: ReadonlyMap<string, number>,
  tell: (line: LogLine) => void,
  signal: AbortSignal,
): Promise<void> {
  const ends = new Map(from);
  while (!signal.aborted) {
    for (const file of logFiles(folder)) {
      const [start, size] = [ends.get(file) ?? 0, statSync(file).size];
      if (size <= start) continue;
      // Each line is written at once, so that the content ends with a complete line.
      for await (const text of linesOf(file, start, size - 1)) {
        const line = parseLine(text);
        if (line) tell(line);
      }
      ends.set(file, size);
    }
    await setTimeout(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
}
