/** Argument lists that read the captions and teletext of a source as subtitles. */

import { HEAD, inputArgs, TEXT_ENCODERS } from './ffmpeg-args.ts';
import type { Plan } from './plan.ts';
import type { Teletext } from './stream-plan.ts';

/** Text as the value of an option in a filter graph (ffmpeg-filters manual, "Notes on filtergraph escaping"). */
const inGraph = (text: string) => text.replace(/[\\':]/g, '\\$&').replace(/[\\'[\],;]/g, '\\$&');

/**
 * Reads the captions that are broadcast inside the pictures: as SubRip, with the times of the source's own clock, and as
 * the raw triplets of the standard (ANSI/CTA-708-E, 4.4), which show whether there is more than that.
 */
export function captionArgs(plan: Plan, input: string, texts: string, raw: string): string[] {
  const head = [...HEAD, '-loglevel', 'level+error', '-progress', 'pipe:1', '-nostats', '-copyts'];
  const output = [
    '-map',
    '0:s',
    '-f',
    'srt',
    `file:${texts}`,
    '-map',
    '0:s',
    '-c',
    'copy',
    '-f',
    'data',
    `file:${raw}`,
  ];
  return [...head, '-data_field', 'first', ...captionInput(plan, input), ...output];
}

function captionInput(plan: Plan, input: string, from?: number): string[] {
  const seek = from === undefined ? '' : `:seek_point=${from.toFixed(3)}`;
  const options = `format_name=${plan.demuxer}:format_opts=protocol_whitelist=file${seek}`;
  return ['-f', 'lavfi', '-i', `movie=filename=${inGraph(input)}:${options}[out0+subcc]`];
}

/** Writes captions that are broadcast inside the pictures as SubRip to the standard output, all of them or those of a part, in s. */
export function captionTextArgs(plan: Plan, input: string, part?: { from: number; seconds: number }): string[] {
  const only = part ? ['-t', String(part.seconds)] : [];
  const head = ['-data_field', 'first', ...only, ...captionInput(plan, input, part?.from)];
  return [...head, '-map', '0:s', '-f', 'srt', 'pipe:1'];
}

/** Longest that a line of teletext is shown which nothing takes away, in ms. */
const MAX_LINE_LENGTH = 30_000;

/**
 * Reads the subtitles of one page of teletext: as SubRip from the standard output, with the times of the source's own clock.
 * @param ended lines end where the next one begins or the page is emptied, and the last one is missing, as ffmpeg waits for
 *   what ends it; otherwise all are there, and their ends say nothing
 */
export function teletextArgs(demuxer: string, input: string, { source, page }: Teletext, ended: boolean): string[] {
  const of = (option: string) => `-${option}:${source}`;
  // Broadcasts have broken packets: the others are read.
  const reading = [
    '-max_error_rate',
    '1',
    of('txt_page'),
    page,
    of('txt_format'),
    'text',
    of('txt_duration'),
    String(MAX_LINE_LENGTH),
  ];
  if (ended) reading.push(of('fix_sub_duration'));
  // One that is not 0: ffmpeg 5.1 moves what begins late in a stream that begins at 0, even with -copyts.
  reading.push('-itsoffset', '0.000001');
  const output = ['-map', `0:${source}`, '-c:s', TEXT_ENCODERS.subrip, '-f', 'srt', 'pipe:1'];
  return [...HEAD, '-loglevel', 'error', '-copyts', ...reading, ...inputArgs(demuxer, input), ...output];
}
