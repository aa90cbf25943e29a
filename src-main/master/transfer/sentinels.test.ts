import { lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { filesIn } from '../../test/support/files.ts';
import { tempFolder } from '../../test/support/temp.ts';
import type { MasterContext } from '../context.ts';
import { Sentinels } from './sentinels.ts';

/** Sentinels of an install, and the root of the one library there is. */
function makeSentinels(): { root: string; sentinels: Sentinels } {
  const root = tempFolder();
  const context = { libraries: { get: () => ({ root }) }, settings: () => ({ fileDistribution: false }) };
  return { root, sentinels: new Sentinels(context as unknown as MasterContext, 'device') };
}

it('tells all that ask at the same time what is in the library', async () => {
  const { root, sentinels } = makeSentinels();
  const told = await Promise.all([1, 2, 3].map(() => sentinels.in(1)));
  const file = path.join(root, told[0]?.file ?? '');
  expect(told.map((sentinel) => sentinel?.content)).toEqual([1, 2, 3].map(() => readFileSync(file, 'utf8')));
  expect(await sentinels.in(1)).toEqual(told[0]);
  await sentinels.stop();
  expect(filesIn(root)).toEqual([]);
});

it('writes through no link that somebody left there', async () => {
  const outside = path.join(tempFolder(), 'mine');
  writeFileSync(outside, 'untouched');
  const { root, sentinels } = makeSentinels();
  mkdirSync(path.join(root, '.flotilla'));
  const place = path.join(root, '.flotilla/sentinel-device');
  symlinkSync(outside, place);
  expect(await sentinels.in(1)).not.toBeNull();
  expect([lstatSync(place).isFile(), readFileSync(outside, 'utf8')]).toEqual([true, 'untouched']);

  const other = makeSentinels();
  symlinkSync(path.dirname(outside), path.join(other.root, '.flotilla'));
  expect(await other.sentinels.in(1)).toBeNull();
  expect(filesIn(path.dirname(outside))).toEqual(['mine']);
});
