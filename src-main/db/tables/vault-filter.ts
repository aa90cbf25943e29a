import type { VaultFilter } from '../../../src-shared/contract/vault.ts';
import { searchCondition } from '../text-search.ts';

/** Selection of originals, and the facts that decide which of them are expired. */
export interface VaultScope {
  filter: VaultFilter;
  /** Milliseconds of the vault's own clock. */
  now: number;
  /** `none`: testing mode keeps all; `unkept`: the date is in doubt, and only those kept for no time at all are. */
  expiry: 'due' | 'unkept' | 'none';
}

const EXPIRED: Record<VaultScope['expiry'], string> = {
  due: 'due <= @now',
  unkept: '(due <= @now AND keep_days = 0)',
  none: 'FALSE',
};

/** The library's folder, without the separator that only the root of a disk ends in. */
const ROOT = String.raw`rtrim(root, '/\')`;
const IN_LIBRARY = String.raw`EXISTS (SELECT 1 FROM libraries WHERE id = @library
  AND substr(original, 1, length(${ROOT}) + 1) IN (${ROOT} || '/', ${ROOT} || '\'))`;

/** SQL that is true for the rows of the vault that are meant, with its parameters. */
export function vaultCondition({ filter, now, expiry }: VaultScope): {
  sql: string;
  values: Record<string, string | number>;
} {
  const { search, library, replacedBefore, expired } = filter;
  const hits = searchCondition('original', search);
  const parts = [
    hits.sql,
    library !== undefined && IN_LIBRARY,
    replacedBefore !== undefined && 'replaced < @replacedBefore',
    expired && EXPIRED[expiry],
  ].filter(Boolean);
  return {
    sql: parts.join(' AND ') || 'TRUE',
    values: { ...hits.values, now, library: library ?? 0, replacedBefore: replacedBefore ?? 0 },
  };
}
