import { z } from 'zod';
import { line, Path } from '../util/plain-text.ts';
import { changing, id, reading, search } from './call.ts';

export const VaultEntry = z.object({
  id: z.string(),
  /** Absolute path that the original had. */
  original: z.string(),
  /** Absolute path of what stands in its place. */
  result: z.string(),
  size: z.number(),
  resultSize: z.number(),
  replacedAt: z.number(),
  /** When it may be purged; null keeps it until the user decides. */
  keepUntil: z.number().nullable(),
  /** Its time is over, so that the next purge of expired originals removes it. */
  expired: z.boolean(),
  /** Number of its video; null once the list no longer has it. */
  file: z.number().nullable(),
});
export type VaultEntry = z.infer<typeof VaultEntry>;

/** Which originals are meant: those that pass everything that is given. */
export const VaultFilter = z.strictObject({
  search,
  library: id.optional(),
  /** Replaced before this time, in milliseconds since 1970. */
  replacedBefore: z.number().optional(),
  /** Only those that are expired. */
  expired: z.literal(true).optional(),
});
export type VaultFilter = z.infer<typeof VaultFilter>;

/** Originals by vault ID, or all that pass a filter but for some. */
const selection = {
  ids: z.array(line(100)).max(10_000).optional(),
  filter: VaultFilter.optional(),
  except: z.array(line(100)).max(10_000).optional(),
};

export const PurgedEntry = z.object({
  id: z.string(),
  /** Absolute path that the original had. */
  original: z.string(),
  result: z.string(),
  size: z.number(),
  replaced: z.number(),
  /** When it was permanently removed. */
  purged: z.number(),
  /** What asked for it: its time was over, or a user. */
  by: z.enum(['time', 'user']),
});

/** Originals that are kept. */
export const VAULT_CALLS = {
  'vault.list': reading(
    'user',
    'One page of the originals in the vault, latest first',
    VaultFilter.extend({
      offset: z.int().nonnegative().default(0),
      limit: z.int().min(1).max(1000).default(1000),
    }),
    z.array(VaultEntry),
  ),
  'vault.tally': reading(
    'user',
    'Number and bytes of the originals in the vault that pass a filter, and of the expired ones among them',
    VaultFilter,
    z.object({
      count: z.number(),
      bytes: z.number(),
      expired: z.object({ count: z.number(), bytes: z.number() }),
    }),
  ),
  'vault.restore': changing(
    'user',
    "Restore originals, by vault ID, by filter, by path (the original's, the result's, or a folder), or all",
    z.strictObject({
      ...selection,
      path: Path.optional(),
      all: z.literal(true).optional(),
    }),
    z.object({ restored: z.array(z.string()), refused: z.array(z.string()) }),
  ),
  'vault.purge': changing(
    'user',
    'Permanently delete originals: expired ones, all, or by vault ID or filter exactly those, expired or not; one whose result is missing is always kept. Pass `asOf` of a dry run to leave out originals that were added since',
    z.strictObject({
      ...selection,
      all: z.boolean().default(false),
      dryRun: z.boolean().default(false),
      /** Leaves out originals that were replaced later than this; `asOf` of a dry run limits the purge to what it counted. */
      asOf: z.number().optional(),
    }),
    z.object({
      purged: z.number(),
      bytes: z.number(),
      kept: z.array(z.string()),
      /** When the originals were selected, in milliseconds since 1970 by the master's clock. */
      asOf: z.number(),
    }),
  ),
  'vault.history': reading(
    'user',
    'One page of the permanently deleted originals, latest first',
    z.strictObject({
      offset: z.int().nonnegative().default(0),
      limit: z.int().min(1).max(1000).default(1000),
    }),
    z.array(PurgedEntry),
  ),
};
