/** Two installs with one library, with real records in real folders. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { isUnresponsive } from '../../fs/response-timeout.ts';
import { makeContext } from '../../test/support/context.ts';
import { holdReaders } from '../../test/support/dead-disk.ts';
import { LibraryOwners } from './library-owners.ts';

/** Another install, on another computer, with a database of its own; both have the library of the first. */
function makeTwo() {
  const first = makeContext();
  const second = makeContext();
  const clock = { now: 0 };
  const ownersOf = (context: ReturnType<typeof makeContext>, install: string, readOnly = false) => {
    const parts = { install, isBusy: () => false, host: install.toUpperCase(), now: () => clock.now, readOnly };
    const owners = new LibraryOwners(context.ctx, parts);
    onTestFinished(() => owners.stop());
    return owners;
  };
  const libraryAt = (root: string) => second.libraries.insert(root, true);
  return { first, second, clock, ownersOf, libraryAt };
}

/** As written by a computer whose processes cannot be looked for from here. */
function fromElsewhere(root: string): void {
  const file = path.join(root, '.flotilla/owner.json');
  const { place: _, ...owner } = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, JSON.stringify(owner));
}

it('the second one keeps off, says why, and works when the first has ended', async () => {
  const { first, second, ownersOf, libraryAt } = makeTwo();
  const [nas, desk] = [ownersOf(first, 'nas'), ownersOf(second, 'desk')];
  const library = libraryAt(first.root);
  await nas.claim(first.library);
  await expect(desk.claim(library)).rejects.toMatchObject({
    code: 'conflict',
    message: /Another Flotilla, on NAS, works/,
  });
  expect(second.libraries.get(library.id)).toMatchObject({ owner: 'NAS', paused: expect.stringMatching(/on NAS/) });
  await nas.stop();
  expect(existsSync(path.join(first.root, '.flotilla'))).toBe(false);
  await desk.claim({ ...library, owner: 'NAS' });
  expect(second.libraries.get(library.id)?.owner).toBeNull();
});

it('the second one may take over, and the first one notices', async () => {
  const { first, second, ownersOf, libraryAt } = makeTwo();
  const [nas, desk] = [ownersOf(first, 'nas'), ownersOf(second, 'desk')];
  await nas.claim(first.library);
  await desk.claim(libraryAt(first.root), true);
  await expect(nas.require(first.library)).rejects.toMatchObject({ message: /on DESK/ });
  await nas.stop();
  expect(readFileSync(path.join(first.root, '.flotilla/owner.json'), 'utf8')).toContain('desk');
});

it.each(['', 'videos'])('what is noted above or in a part of it counts as well (first: /%s)', async (below) => {
  const { first, second, ownersOf, libraryAt } = makeTwo();
  const [nas, desk] = [ownersOf(first, 'nas'), ownersOf(second, 'desk')];
  const inner = path.join(first.root, 'videos');
  mkdirSync(inner);
  const owned = { ...first.library, root: path.join(first.root, below) };
  await nas.claim(owned);
  const library = libraryAt(below ? first.root : inner);
  await expect(desk.claim(library).then(() => desk.requireUnowned(library, inner))).rejects.toMatchObject({
    code: 'conflict',
  });
  // And nothing of the second one is left that the first would respect.
  await nas.claim(owned);
});

it('an owner record that does not change while it is watched is stale, regardless of its date', async () => {
  const { first, second, clock, ownersOf, libraryAt } = makeTwo();
  const [nas, desk] = [ownersOf(first, 'nas'), ownersOf(second, 'desk')];
  const library = libraryAt(first.root);
  const term = 2.5 * first.ctx.settings().rescanMinutes * 60_000;
  await nas.claim(first.library);
  fromElsewhere(first.root);
  const isRefused = () =>
    desk.claim(library).then(
      () => false,
      () => true,
    );
  clock.now += 10 * term;
  expect(await isRefused()).toBe(true);
  clock.now += term - 1;
  expect(await isRefused()).toBe(true);
  await nas.claim(first.library);
  fromElsewhere(first.root);
  clock.now += 2;
  expect(await isRefused()).toBe(true);
  clock.now += term + 1;
  expect(await isRefused()).toBe(false);
});

it('a process of this computer that has died holds nothing', async () => {
  const { first, second, ownersOf, libraryAt } = makeTwo();
  await ownersOf(first, 'nas').claim(first.library);
  const file = path.join(first.root, '.flotilla/owner.json');
  const owner = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, JSON.stringify({ ...owner, pid: 2 ** 22 + 1 }));
  if (owner.place !== undefined) await ownersOf(second, 'desk').claim(libraryAt(first.root));
});

it('who only looks writes nothing and respects no record', async () => {
  const { first, second, ownersOf, libraryAt } = makeTwo();
  const library = libraryAt(first.root);
  await ownersOf(second, 'desk', true).claim(library);
  expect(readdirSync(first.root)).toEqual([]);
  await ownersOf(first, 'nas').claim(first.library);
  await ownersOf(second, 'desk', true).claim(library);
});

it('an unresponsive disk is not called again, and delays neither renewals for other disks nor the shutdown', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'setTimeout', 'clearInterval', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const { ctx, library, root, libraries } = makeContext();
  const alive = libraries.insert(path.join(path.dirname(root), 'alive'), true);
  mkdirSync(alive.root);
  const owners = new LibraryOwners(ctx, { install: 'nas', isBusy: () => true });
  owners.start();
  // The dead one is renewed first.
  await owners.claim(library);
  await owners.claim(alive);
  holdReaders(path.join(root, '.flotilla/owner.json'));
  const record = path.join(alive.root, '.flotilla/owner.json');
  // More than there are threads that files are read by.
  for (let round = 0; round < 6; round += 1) {
    const before = readFileSync(record, 'utf8');
    await vi.advanceTimersByTimeAsync(300_000);
    await vi.waitFor(() => expect(readFileSync(record, 'utf8')).not.toBe(before));
    await vi.advanceTimersByTimeAsync(45_000);
    expect(isUnresponsive(root)).toBe(true);
  }
  await owners.stop();
  expect(existsSync(record)).toBe(false);
});
