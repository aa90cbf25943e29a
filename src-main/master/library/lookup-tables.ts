import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import {
  findNodeAtLocation,
  getNodeValue,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser';
import type { z } from 'zod';
import { AudioTable, DEFAULT_TABLES, QualityTable, type Tables } from '../../../src-shared/media/quality.ts';
import { writeFileAtomic } from '../../fs/atomic-write.ts';

const FILES = {
  quality: { name: 'quality_lookup.json', schema: QualityTable },
  audio: { name: 'audio_codec_lookup.json', schema: AudioTable },
} as const;

/**
 * The lookup tables as JSON files in the data folder, which people edit by hand: made on the first start, read again when
 * they change. A broken one is reported once, with line and reason, and the last good one stays in force.
 */
export class LookupFiles {
  readonly #folder: string;
  readonly #report: (sentence: string) => void;
  readonly #stamps = new Map<string, string>();
  readonly #problems = new Map<keyof Tables, string>();
  #tables: Tables = DEFAULT_TABLES;

  private constructor(folder: string, report: (sentence: string) => void) {
    this.#folder = folder;
    this.#report = report;
  }

  /** @param report called once for each table that isn't in effect */
  static async open(folder: string, report: (sentence: string) => void): Promise<LookupFiles> {
    const lookups = new LookupFiles(folder, report);
    mkdirSync(folder, { recursive: true });
    for (const kind of ['quality', 'audio'] as const) {
      if (!existsSync(lookups.fileOf(kind))) await lookups.write(kind, DEFAULT_TABLES[kind]);
    }
    return lookups;
  }

  /** Absolute path of the file of a table. */
  fileOf(kind: keyof Tables): string {
    return path.join(this.#folder, FILES[kind].name);
  }

  /** Why the file of a table is not in force, as one sentence; null when it is. */
  problemOf(kind: keyof Tables): string | null {
    this.#refresh(kind);
    return this.#problems.get(kind) ?? null;
  }

  /** Writes a table to its file, replacing any previous one. */
  write<K extends keyof Tables>(kind: K, table: Tables[K]): Promise<void> {
    return writeFileAtomic(this.fileOf(kind), `${JSON.stringify(table, null, 2)}\n`);
  }

  /** The tables in force now. */
  get tables(): Tables {
    for (const kind of ['quality', 'audio'] as const) this.#refresh(kind);
    return this.#tables;
  }

  #refresh(kind: keyof Tables): void {
    const file = this.fileOf(kind);
    try {
      const stat = statSync(file);
      const stamp = `${stat.mtimeMs}:${stat.size}:${stat.ino}`;
      if (this.#stamps.get(kind) === stamp) return;
      this.#stamps.set(kind, stamp);
      this.#tables = {
        ...this.#tables,
        [kind]: parseTable(readFileSync(file, 'utf8'), FILES[kind].schema as z.ZodType),
      };
      this.#problems.delete(kind);
    } catch (error) {
      if (this.#stamps.get(kind) === 'missing') return;
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      if (missing) this.#stamps.set(kind, 'missing');
      const why = missing ? 'it is missing' : (error as Error).message;
      const problem = `${file} isn't used: ${why}. The last valid table stays in effect.`;
      this.#problems.set(kind, problem);
      this.#report(problem);
    }
  }
}

/** @throws Error with line and reason */
function parseTable<T>(text: string, schema: z.ZodType<T>): T {
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { disallowComments: true });
  const line = (offset: number) => text.slice(0, offset).split('\n').length;
  const [error] = errors;
  if (error || !root) {
    throw new Error(
      `line ${line(error?.offset ?? 0)}: ${error ? words(printParseErrorCode(error.error)) : 'it is empty'}`,
    );
  }
  const parsed = schema.safeParse(getNodeValue(root));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = (issue?.path ?? []).filter((part) => typeof part !== 'symbol');
  throw new Error(`line ${line(nearest(root, place).offset)}: ${place.join(' ') || 'table'}: ${issue?.message}`);
}

/** The node at `place`, or the deepest one on the way there. */
function nearest(root: Node, place: (string | number)[]): Node {
  return findNodeAtLocation(root, place) ?? (place.length > 0 ? nearest(root, place.slice(0, -1)) : root);
}

/** `CommaExpected` -> `comma expected`. */
function words(code: string): string {
  return code.replace(/(?<=[a-z])[A-Z]/g, (c) => ` ${c}`).toLowerCase();
}
