import { expect, it } from 'vitest';
import { createStore } from 'zustand';
import { untilShown } from './until-shown.ts';

const NEVER = 600_000;

it('waits until the state is as it should be, and not at all where it is', async () => {
  const store = createStore<{ paused: string | null }>(() => ({ paused: null }));
  let shown = false;
  const wait = untilShown(store, ({ paused }) => paused !== null, NEVER).then(() => {
    shown = true;
  });
  store.setState({ paused: null });
  await Promise.resolve();
  expect(shown).toBe(false);
  store.setState({ paused: 'Paused by you.' });
  await wait;
  await untilShown(store, ({ paused }) => paused !== null, NEVER);
});

it('ends its wait for a change that does not come', async () => {
  await untilShown(
    createStore(() => ({})),
    () => false,
    1,
  );
});
