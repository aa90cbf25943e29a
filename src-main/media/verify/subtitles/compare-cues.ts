import type { Span } from '../../ffmpeg/timeline.ts';
import { VerificationError } from '../verify-request.ts';

/** A line of subtitles: its presentation time, in s, and its text. */
export interface Cue {
  start: number;
  end: number;
  text: string;
}

/** Formats count in hundredths of a second at the coarsest (ASS), and each side may be rounded by half of one. */
const TIME_TOLERANCE = 0.012;

const TIME = /^(\d+):(\d\d):(\d\d)[,.](\d{3}) --> (\d+):(\d\d):(\d\d)[,.](\d{3})/;

/**
 * Parses SubRip as ffmpeg writes it; lines without words are left out.
 * @param told converts the text of a line to the form to compare
 */
export function parseCues(subrip: string, told = words): Cue[] {
  const cues: (Cue & { lines: string[] })[] = [];
  for (const line of subrip.split(/\r?\n/)) {
    const numbers = TIME.exec(line)?.slice(1).map(Number);
    if (numbers) {
      const [h1 = 0, m1 = 0, s1 = 0, f1 = 0, h2 = 0, m2 = 0, s2 = 0, f2 = 0] = numbers;
      // The number of the cue stands in a line of its own before its times.
      cues.at(-1)?.lines.pop();
      const start = h1 * 3600 + m1 * 60 + s1 + f1 / 1000;
      cues.push({ start, end: h2 * 3600 + m2 * 60 + s2 + f2 / 1000, text: '', lines: [] });
    } else cues.at(-1)?.lines.push(line);
  }
  return cues
    .map(({ start, end, lines }) => ({ start, end, text: told(lines.join('\n')) }))
    .filter(({ text }) => text !== '')
    .sort((a, b) => a.start - b.start || a.end - b.end || (a.text < b.text ? -1 : 1));
}

/** Text without tags of any format and with uniform white space. */
export function words(text: string): string {
  return text
    .replaceAll(/<[^>]*>|\{[^}]*\}/g, '')
    .replaceAll(/\\[Nnh]/g, ' ')
    .replaceAll(/[\s\u00a0]+/g, ' ')
    .trim();
}

/**
 * Compares the lines of a track.
 * @param name of the track
 * @param shift by how much the result's clock is ahead of the source's, in s
 * @throws VerificationError when any line is missing, says something else or is shown at another time
 */
export function checkCues(name: string, before: Cue[], after: Cue[], shift: number): void {
  if (before.length !== after.length)
    throw new VerificationError(`In the result, ${name} has ${after.length} lines instead of ${before.length}.`);
  const left = new Map<string, Cue[]>();
  for (const cue of after) left.set(cue.text, [...(left.get(cue.text) ?? []), cue]);
  for (const { start, end, text } of before) {
    const said = left.get(text) ?? [];
    const at = said.findIndex(
      (cue) =>
        Math.abs(cue.start - start - shift) <= TIME_TOLERANCE && Math.abs(cue.end - end - shift) <= TIME_TOLERANCE,
    );
    if (at >= 0) {
      said.splice(at, 1);
      continue;
    }
    const what = said.length > 0 ? 'is shown at another time' : 'is missing or says something else';
    throw new VerificationError(`In the result, a line of ${name} ${what} ("${text}" at ${start.toFixed(3)} s).`);
  }
}

/** Transport streams give every segment of a PGS picture a packet of its own; Matroska one to all of them, at the first's time. */
function joined(spans: readonly Span[], like: readonly Span[]): readonly Span[] {
  const pictures: Span[] = [];
  let left = 0;
  for (const span of spans) {
    if (left <= 0) {
      left = like[pictures.length]?.[2] ?? 0;
      pictures.push(span);
    }
    left -= span[2];
  }
  return left === 0 ? pictures : spans;
}

/**
 * Compares when the packets of a copied track are shown.
 * @param name of the track
 * @param shift by how much the result's clock is ahead of the source's, in s
 * @throws VerificationError when one of them is missing or shown at another time
 */
export function checkSpans(name: string, source: readonly Span[], result: readonly Span[], shift: number): void {
  const [before, after] = [source.length > result.length ? joined(source, result) : source, result].map((spans) =>
    spans.toSorted(([a], [b]) => a - b),
  ) as [Span[], Span[]];
  if (before.length !== after.length)
    throw new VerificationError(`In the result, ${name} has ${after.length} packets instead of ${before.length}.`);
  for (const [i, [start, duration]] of before.entries()) {
    const [begins, lasts] = after[i] as Span;
    const moved = begins - start - shift;
    if (Math.abs(moved) > TIME_TOLERANCE)
      throw new VerificationError(
        `In the result, ${name} is shown ${Math.round(moved * 1000)} ms away at ${start.toFixed(3)} s.`,
      );
    if (duration > 0 && lasts > 0 && Math.abs(lasts - duration) > TIME_TOLERANCE)
      throw new VerificationError(
        `In the result, ${name} is shown ${lasts.toFixed(3)} s long at ${start.toFixed(3)} s.`,
      );
  }
}
