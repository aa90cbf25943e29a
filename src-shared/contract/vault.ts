import { z } from 'zod';
import { line, Path } from '../plain-text.ts';
import { changing, reading, search } from './call.ts';

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
});
export type VaultEntry = z.infer<typeof VaultEntry>;

export const PurgedEntry = z.object({
  id: z.string(),
  /** Absolute path that the original had. */
  original: z.string(),
  result: z.string(),
  size: z.number(),
  replaced: z.number(),
  /** When it was removed for ever. */
  purged: z.number(),
  /** What asked for it: its time was over, or a user. */
  by: z.enum(['time', 'user']),
});

/** Originals that are kept. */
export const VAULT_CALLS = {
  'vault.list': reading(
    'user',
    'A part of the originals that are kept, the latest first',
    z.strictObject({
      search,
      offset: z.int().nonnegative().default(0),
      limit: z.int().min(1).max(1000).default(1000),
    }),
    z.array(VaultEntry),
  ),
  'vault.tally': reading(
    'user',
    'How many originals are kept, and their bytes',
    z.strictObject({ search }),
    z.object({ count: z.number(), bytes: z.number() }),
  ),
  'vault.restore': changing(
    'user',
    "Take originals back, by vault id, by path (the original's, the result's or a folder) or all",
    z.strictObject({
      ids: z.array(line(100)).max(10_000).optional(),
      path: Path.optional(),
      all: z.literal(true).optional(),
    }),
    z.object({ restored: z.array(z.string()), refused: z.array(z.string()) }),
  ),
  'vault.purge': changing(
    'user',
    'Remove originals for ever: those past their time, or all; one whose result is gone is always kept',
    z.strictObject({ all: z.boolean().default(false), dryRun: z.boolean().default(false) }),
    z.object({ purged: z.number(), bytes: z.number(), kept: z.array(z.string()) }),
  ),
  'vault.history': reading(
    'user',
    'A part of the originals that were removed for ever, the latest first',
    z.strictObject({
      offset: z.int().nonnegative().default(0),
      limit: z.int().min(1).max(1000).default(1000),
    }),
    z.array(PurgedEntry),
  ),
};
