import { expect, it } from 'vitest';
import { answered, isOverdue } from './answered.ts';

it('gives up a disk that does not answer, and asks it nothing more until it has', async () => {
  const held = Promise.withResolvers<string>();
  let asked = 0;
  const ask = (folder: string) =>
    answered(
      folder,
      () => {
        asked += 1;
        return held.promise;
      },
      20,
    );
  await expect(ask('/dead')).rejects.toThrow('The folder /dead does not answer');
  await expect(ask('/dead')).rejects.toMatchObject({ code: 'node' });
  expect([asked, isOverdue('/dead'), isOverdue('/alive')]).toEqual([1, true, false]);
  expect(await answered('/alive', async () => 'here', 20)).toBe('here');
  held.resolve('back');
  await held.promise;
  expect(await ask('/dead')).toBe('back');
  expect(isOverdue('/dead')).toBe(false);
});
