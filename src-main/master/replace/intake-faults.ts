import path from 'node:path';
import type { Outcome } from '../../../src-shared/jobs/lease.ts';
import { formatBytes, savedPercent } from '../../../src-shared/text/format.ts';
import { Fault, messageOf, nodeFaultReason } from '../../../src-shared/util/errors.ts';

/** Errors of the library's disk that end when its owner makes room or connects it again; none of them harms the result. */
const OF_DISK: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'ESTALE', 'ENOTCONN', 'EHOSTDOWN']);

/** The database has no room or cannot be reached (SQLite's result codes): a word of ours is missing, the result is not. */
const OF_DATABASE = /^SQLITE_(FULL|IOERR|READONLY|BUSY|LOCKED|CANTOPEN|NOMEM)/;

/** What else the system says of a place in which nothing can be stored, as the end of a sentence. */
const REFUSALS: Record<string, string> = {
  EACCES: "Flotilla isn't allowed to write there",
  EPERM: "the system doesn't allow it",
  EBUSY: 'it is in use',
};

const codeOf = (error: unknown) => (error as { code?: unknown } | null)?.code;

/** Whether the error means that the whole library can't be written to. */
export const isOfDisk = (error: unknown): boolean => OF_DISK.has(codeOf(error));

/** Whether the error means that the database can't be written to. */
export const isOfDatabase = (error: unknown): boolean => OF_DATABASE.test(String(codeOf(error)));

/** Whether an error is unrelated to the result: it comes from the system or from a fault of this computer. */
export function isUnrelated(error: unknown): boolean {
  const { errno, syscall } = error as NodeJS.ErrnoException;
  const ofSystem = typeof codeOf(error) === 'string' && errno !== undefined && syscall !== undefined;
  return (error instanceof Fault && error.code === 'node') || ofSystem || nodeFaultReason(error) !== undefined;
}

/** Describes as a sentence why a result can't be stored; `folder` is the place unless the error names one. */
export function storageProblem(error: unknown, folder?: string): string {
  const { dest, path: file } = error as { dest?: string; path?: string };
  const place = dest ?? file;
  const found = place ? path.dirname(place) : folder;
  const where = found ? ` in ${found}` : '';
  const refusal = isOfDatabase(error) ? 'the database cannot be written to' : REFUSALS[String(codeOf(error))];
  const why = nodeFaultReason(error) ?? refusal ?? messageOf(error).replace(/\.$/, '');
  return `Couldn't save a result${where}: ${why}. Fix this; Flotilla retries automatically.`;
}

/** The outcome of a result that is too large to be worth it. */
export function noSavings(before: number, after: number, wanted: number): Outcome {
  const sizes = `${formatBytes(before)} would become ${formatBytes(after)}`;
  const reason =
    after >= before
      ? `No savings: ${sizes}.`
      : `Saves only ${savedPercent(before, after)} (${sizes}); the minimum is ${wanted}%.`;
  return { kind: 'skip', code: 'no-savings', reason };
}
