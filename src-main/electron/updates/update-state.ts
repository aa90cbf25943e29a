import type { UpdateState } from '../../../src-shared/contract/desktop-bridge.ts';

/** State of a newer version. */
export type KnownUpdate = Pick<UpdateState, 'state' | 'version'>;
export const NOTHING_KNOWN: KnownUpdate = { state: 'none', version: null };

/** Event of the updater. */
export type UpdateNews =
  | { kind: 'found'; version: string }
  | { kind: 'loading' }
  | { kind: 'ready'; version: string }
  | { kind: 'current' }
  | { kind: 'failed' }
  /** The system rejects the downloaded update: macOS requires a valid signature. */
  | { kind: 'refused' };

/** What stands after the news; an update that is ready stays so until there is a newer one. */
export function reduceUpdate(now: KnownUpdate, news: UpdateNews): KnownUpdate {
  if (news.kind === 'refused') return NOTHING_KNOWN;
  if (news.kind === 'ready') return { state: 'ready', version: news.version };
  if (now.state === 'ready' && !(news.kind === 'found' && news.version !== now.version)) return now;
  if (news.kind === 'found') return { state: 'available', version: news.version };
  if (news.kind === 'loading') return now.version === null ? now : { state: 'downloading', version: now.version };
  return NOTHING_KNOWN;
}
