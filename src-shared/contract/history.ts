import { z } from 'zod';
import { id, reading, search } from './call.ts';

/** What an entry of the history is about. */
const HISTORY_KINDS = [
  'conversion',
  'restore',
  'purge',
  'video',
  'library',
  'worker',
  'pause',
  'settings',
  'access',
] as const;
export const HistoryKind = z.enum(HISTORY_KINDS);
export type HistoryKind = z.infer<typeof HistoryKind>;

/** Something that happened. */
export const HistoryEntry = z.object({
  id,
  /** Milliseconds since 1970. */
  time: z.number(),
  kind: HistoryKind,
  /** Who did it: `you` for a user, a worker's name, or null for Flotilla itself. */
  by: z.string().nullable(),
  /** As one sentence. */
  text: z.string(),
  /** Number of the video that it is about, while the list has it. */
  file: z.number().nullable(),
});
export type HistoryEntry = z.infer<typeof HistoryEntry>;

/** What happened when, and who did it. */
export const HISTORY_CALLS = {
  'history.list': reading(
    'user',
    'One page of what happened, latest first; the newest 10,000 entries are kept',
    z.strictObject({
      kind: z.array(HistoryKind).max(HISTORY_KINDS.length).optional(),
      search,
      /** Only entries about this video. */
      file: id.optional(),
      /** Only entries older than this one. */
      before: id.optional(),
      limit: z.int().min(1).max(500).default(100),
    }),
    z.array(HistoryEntry),
  ),
};
