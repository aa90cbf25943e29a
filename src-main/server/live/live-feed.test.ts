import { afterEach, expect, it } from 'vitest';
import type { Events } from '../../../src-shared/contract/index.ts';
import { until } from '../../test/support/wait.ts';
import { LiveFeed, type LiveParts } from './live-feed.ts';

const feeds: LiveFeed[] = [];
afterEach(() => {
  for (const feed of feeds.splice(0)) feed.stop();
});

/** A feed whose parts tell how often they were looked up. */
function makeFeed(isWatched = () => true) {
  const deltas: Events['delta'][] = [];
  const looks: Record<string, number> = {};
  const parts = new Proxy({} as LiveParts, {
    ownKeys: () => ['counts', 'running', 'libraries'],
    getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
    get: (_, part: string) => () => {
      looks[part] = (looks[part] ?? 0) + 1;
      return `${part} ${looks[part]}`;
    },
  });
  const feed = new LiveFeed(parts);
  feed.start({ send: (delta) => deltas.push(delta), isWatched });
  feeds.push(feed);
  return { feed, deltas, looks };
}

const file = (id: number, state = 'queued') => ({ id, state, root: '/media' }) as Events['file'];
const arrived = (deltas: unknown[], n: number) => until(() => expect(deltas).toHaveLength(n));

it('tells a burst of changes at once, each file once as it is last, without its root', async () => {
  const { feed, deltas, looks } = makeFeed();
  for (let i = 0; i < 50; i++) feed.note('file', file(i % 2, i < 48 ? 'queued' : 'done'));
  await arrived(deltas, 1);
  expect(deltas[0]).toMatchObject({ revision: 1, many: false, counts: 'counts 1', running: 'running 1' });
  expect(deltas[0]?.files).toEqual([
    { id: 0, state: 'done' },
    { id: 1, state: 'done' },
  ]);
  expect(deltas[0]).not.toHaveProperty('libraries');
  expect(looks).toMatchObject({ counts: 1, running: 1 });
});

it('numbers deltas without a gap, on from the snapshot', async () => {
  const { feed, deltas } = makeFeed();
  feed.note('progress', {} as Events['progress']);
  await arrived(deltas, 1);
  expect(feed.snapshot()).toMatchObject({ revision: 1, libraries: 'libraries 1' });
  feed.note('progress', {} as Events['progress']);
  await arrived(deltas, 2);
  feed.note('library', {} as Events['library']);
  await arrived(deltas, 3);
  expect(deltas.map(({ revision }) => revision)).toEqual([1, 2, 3]);
});

it('says that lists have to look again when many files changed, or some came or went', async () => {
  const { feed, deltas } = makeFeed();
  for (let i = 0; i < 201; i++) feed.note('file', file(i));
  await arrived(deltas, 1);
  feed.note('listed', {});
  await arrived(deltas, 2);
  feed.note('file', file(1));
  await arrived(deltas, 3);
  feed.note('listed', {});
  feed.note('file', file(1));
  await arrived(deltas, 4);
  expect(deltas.map(({ many, files }) => [many, files.length])).toEqual([
    [true, 0],
    [true, 0],
    [false, 1],
    // A list that keeps its rows under the pointer learns how they changed all the same.
    [true, 1],
  ]);
});

it('the live feed queries nothing without subscribers', async () => {
  let watched = false;
  const { feed, deltas, looks } = makeFeed(() => watched);
  feed.note('file', file(1));
  watched = true;
  feed.note('progress', {} as Events['progress']);
  await arrived(deltas, 1);
  expect(deltas[0]?.files).toEqual([]);
  expect(looks).not.toHaveProperty('counts');
});
