import { expect, it } from 'vitest';
import { NOTHING_KNOWN, reduceUpdate, type UpdateNews } from './update-state.ts';

const after = (...news: UpdateNews[]) => {
  const { state, version } = news.reduce(reduceUpdate, NOTHING_KNOWN);
  return version ? `${state} ${version}` : state;
};
const found = (version: string): UpdateNews => ({ kind: 'found', version });
const ready = (version: string): UpdateNews => ({ kind: 'ready', version });
const [loading, current] = [{ kind: 'loading' }, { kind: 'current' }] as const;
const [failed, refused] = [{ kind: 'failed' }, { kind: 'refused' }] as const;

it.each<[string, UpdateNews[], string]>([
  ['nothing newer', [current], 'none'],
  ['a newer one', [found('2.0.0')], 'available 2.0.0'],
  ['on its way', [found('2.0.0'), loading, loading], 'downloading 2.0.0'],
  ['there', [found('2.0.0'), loading, ready('2.0.0')], 'ready 2.0.0'],
  ['a broken download', [found('2.0.0'), loading, failed], 'none'],
  ['no server', [failed], 'none'],
  ['bytes of nothing that was found', [loading], 'none'],
  // The next looks find what is there already, nothing, or no server.
  ['found again', [found('2.0.0'), ready('2.0.0'), found('2.0.0'), loading], 'ready 2.0.0'],
  ['withdrawn after it came', [found('2.0.0'), ready('2.0.0'), current], 'ready 2.0.0'],
  ['no server after it came', [found('2.0.0'), ready('2.0.0'), failed], 'ready 2.0.0'],
  ['not what the system takes', [found('2.0.0'), ready('2.0.0'), refused], 'none'],
  ['an even newer one', [found('2.0.0'), ready('2.0.0'), found('2.1.0'), loading], 'downloading 2.1.0'],
])('%s', (_name, news, expected) => {
  expect(after(...news)).toBe(expected);
});
