import type { UpdateState } from '../../src-shared/desktop.ts';

export const NO_UPDATE: UpdateState = { state: 'none', version: null };

/** What is heard of updates. */
export type UpdateNews =
  | { kind: 'found'; version: string }
  | { kind: 'loading' }
  | { kind: 'ready'; version: string }
  | { kind: 'current' }
  | { kind: 'failed' };

/** What stands after the news; an update that is ready stays so until there is a newer one. */
export function afterNews(now: UpdateState, news: UpdateNews): UpdateState {
  if (news.kind === 'ready') return { state: 'ready', version: news.version };
  if (now.state === 'ready' && !(news.kind === 'found' && news.version !== now.version)) return now;
  if (news.kind === 'found') return { state: 'available', version: news.version };
  if (news.kind === 'loading') return now.version === null ? now : { state: 'downloading', version: now.version };
  return NO_UPDATE;
}
