/** Subtitles of teletext, which ffmpeg reads where it was built with libzvbi. */

import { type OtherStream, TeletextPage } from '../../../src-shared/media/probe.ts';
import { teletextArgs } from '../../../src-shared/plan/caption-args.ts';
import type { Teletext } from '../../../src-shared/plan/stream-plan.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import type { Tools } from '../ffmpeg/capabilities.ts';
import { type ProcessManager, type RunOptions, STALL_MS, wasKilled } from '../ffmpeg/process-manager.ts';
import { type Cue, parseCues } from '../verify/subtitles/compare-cues.ts';

/** Kinds of pages that are subtitles (EN 300 468, table 94). */
const [SUBTITLES, FOR_IMPAIRED] = [2, 5];
/** Minimum time to show a last line that nothing removes, in s, if the video ends before. */
const MIN_CUE_SECONDS = 1;
/** Two times that are the same but for rounding, in s. */
const ALIKE = 0.002;

/**
 * Lists the subtitle pages that a stream announces.
 * @param descriptor for each page its kind and magazine, and its number as two digits (EN 300 468, 6.2.43)
 * @param languages of all pages, separated by commas
 */
export function teletextPages(descriptor: Uint8Array, languages = ''): NonNullable<OtherStream['teletext']> {
  const names = languages.split(',');
  const pages: NonNullable<OtherStream['teletext']> = [];
  for (let at = 0; at + 1 < descriptor.length; at += 2) {
    const [first = 0, last = 0] = descriptor.subarray(at, at + 2);
    const kind = first >> 3;
    const page = `${first & 7 || 8}${last.toString(16).padStart(2, '0')}`;
    if ((kind !== SUBTITLES && kind !== FOR_IMPAIRED) || !TeletextPage.safeParse(page).success) continue;
    if (pages.some((known) => known.page === page)) continue;
    const language = names[at / 2];
    pages.push({
      page,
      ...(language && language !== 'und' && { language }),
      ...(kind === FOR_IMPAIRED && { impaired: true as const }),
    });
  }
  return pages;
}

/** A line as it is shown, row by row. */
const rows = (text: string) => text.replaceAll(/\n\s*\n/g, '\n').trim();

const time = (seconds: number) => new Date(Math.round(seconds * 1000)).toISOString().slice(11, 23).replace('.', ',');

/** Lines as SubRip; up to a day long. */
export function subripOf(cues: readonly Cue[]): string {
  return cues.map(({ start, end, text }, n) => `${n + 1}\n${time(start)} --> ${time(end)}\n${text}\n\n`).join('');
}

interface Parts {
  processes: ProcessManager;
  tools: Tools;
}

/** @returns undefined when there is teletext, but ffmpeg can read nothing of it */
async function ask({ processes, tools }: Parts, args: string[], options: RunOptions): Promise<Cue[] | undefined> {
  const { end, stdout, stderr } = await processes.capture(tools.ffmpeg, args, { ...options, stallMs: STALL_MS });
  if (end.kind === 'cancelled') throw options.signal?.reason ?? new Error('cancelled');
  if (wasKilled(end)) throw new Fault('node', 'ffmpeg was killed while it read subtitles.');
  if (end.kind !== 'exit' || end.code !== 0)
    throw new Fault('conflict', `Its teletext could not be read: ${stderr.at(-1) ?? end.kind}.`);
  const cues = parseCues(stdout, rows);
  return cues.length === 0 && stderr.length > 0 ? undefined : cues;
}

/**
 * Reads the subtitles of one page.
 * @param until when the pictures end, in s of the source's clock
 * @returns undefined when ffmpeg can read nothing of the stream
 * @throws Fault `conflict` when reading did not come to its end, `node` when ffmpeg was killed; the reason of the signal when aborted
 */
export async function readTeletext(
  parts: Parts,
  source: { file: string; demuxer: string; until: number },
  page: Teletext,
  options: RunOptions,
): Promise<Cue[] | undefined> {
  const read = (ended: boolean) => ask(parts, teletextArgs(source.demuxer, source.file, page, ended), options);
  const [ended, all] = [await read(true), await read(false)];
  if (!all) return undefined;
  const last = ended?.at(-1)?.start ?? Number.NEGATIVE_INFINITY;
  const open = all.filter(({ start }) => start > last);
  const cues: Cue[] = [];
  for (const { start, end, text } of [...(ended ?? []), ...open]) {
    const over = Math.min(end, Math.max(start + MIN_CUE_SECONDS, source.until));
    const before = cues.at(-1);
    // Pages are sent again and again.
    if (before?.text === text && start - before.end < ALIKE) before.end = Math.max(before.end, over);
    else cues.push({ start, end: over, text });
  }
  return cues;
}
