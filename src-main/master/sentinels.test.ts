import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { filesIn, tempFolder } from '../test/helpers.ts';
import type { MasterContext } from './context.ts';
import { Sentinels } from './sentinels.ts';

it('tells all that ask at the same time what is in the library', async () => {
  const root = tempFolder();
  const context = { libraries: { get: () => ({ root }) }, settings: () => ({ fileDistribution: false }) };
  const sentinels = new Sentinels(context as unknown as MasterContext, 'device');
  const told = await Promise.all([1, 2, 3].map(() => sentinels.in(1)));
  const file = path.join(root, told[0]?.file ?? '');
  expect(told.map((sentinel) => sentinel?.content)).toEqual([1, 2, 3].map(() => readFileSync(file, 'utf8')));
  expect(await sentinels.in(1)).toEqual(told[0]);
  await sentinels.stop();
  expect(filesIn(root)).toEqual([]);
});
