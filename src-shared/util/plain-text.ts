import { z } from 'zod';

/**
 * What could move a cursor, color a terminal, forge a line or turn the order of letters round: control characters, line and
 * paragraph separators, and invisible format characters but for the joiners that some scripts and emoji are written with.
 */
const UNSEEN = /[\p{Cc}\p{Zl}\p{Zp}]|(?![\u200c\u200d])\p{Cf}|\p{Cs}/gu;
/** The same but for line breaks. */
const RAW = /(?!\n)[\p{Cc}\p{Zl}\p{Zp}]|(?![\u200c\u200d])\p{Cf}/gu;

/** Makes a text of anybody's one line that can be shown anywhere; what it holds of control and format characters becomes `�`. */
export function plainText(text: string): string {
  return text.replace(UNSEEN, '\ufffd');
}

/** Does the same to a text of several lines, whose line breaks stay. */
export function plainLines(text: string): string {
  return text.replace(RAW, '\ufffd');
}

/** Makes a value JSON that can be shown anywhere: what a terminal might obey is escaped, so that nothing of the value is lost. */
export function plainJson(value: unknown): string {
  const units = (text: string) => Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
  const escaped = (unit: number) => `\\u${unit.toString(16).padStart(4, '0')}`;
  return JSON.stringify(value).replace(RAW, (found) => units(found).map(escaped).join(''));
}

/** One line of text that comes from another computer or a user, of at most `longest` UTF-16 units. */
export const line = (longest: number) => z.string().max(longest).overwrite(plainText);

/** Maximum length of a stored reason, in UTF-16 units. */
export const MAX_REASON_LENGTH = 2000;

/** Cuts a text to the length of a reason. */
export function shorten(text: string): string {
  return text.length <= MAX_REASON_LENGTH ? text : `${text.slice(0, MAX_REASON_LENGTH - 1)}…`;
}

/** Words that describe something, as {@link plainText} and {@link shorten} make them. */
export const Words = z
  .string()
  .overwrite((text) => shorten(plainText(text)))
  .max(MAX_REASON_LENGTH);

/** The longest text out of a video that is kept, in UTF-16 units: titles are sentences, all others are words. */
const MAX_TEXT_LENGTH = 1000;

/** A text that stands in a video: as it is there, but for what is too long, and NUL, which can't be passed to a program. */
export const FileText = z
  .string()
  .overwrite((text) => text.replaceAll('\0', '').slice(0, MAX_TEXT_LENGTH))
  .max(MAX_TEXT_LENGTH)
  .regex(/^[^\0]*$/);

/** Maximum number of list items; more add nothing. */
export const firstOf = <T extends z.ZodType>(item: T, most: number) =>
  z
    .array(item)
    .overwrite((all) => all.slice(0, most))
    .max(most);

/** Why something went as it did, in a sentence. */
export const Reason = line(MAX_REASON_LENGTH);

/** A path as the computer that it belongs to writes it: 4096 bytes are what Linux takes (PATH_MAX), the longest of all. */
export const Path = z
  .string()
  .min(1)
  .max(4096)
  .regex(/^[^\0]*$/, 'it has a NUL in it');
