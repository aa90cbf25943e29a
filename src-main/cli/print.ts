import { plainJson, plainText } from '../../src-shared/util/plain-text.ts';

/** Writes a command's answer, each text on a line of its own: names of files and computers cannot command the terminal. */
export function print(...lines: string[]): void {
  for (const line of lines) process.stdout.write(`${plainText(line)}\n`);
}

/** Writes a value as one line of JSON. */
export function printJson(value: unknown): void {
  process.stdout.write(`${plainJson(value)}\n`);
}

/** Writes a line beside a command's answer, for the person in front of it. */
export function printAside(line: string): void {
  process.stderr.write(`${plainText(line)}\n`);
}
