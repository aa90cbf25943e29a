import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { filesIn } from '../test/support/files.ts';
import { tempFolder } from '../test/support/temp.ts';
import { readOrCreate, writeFileAtomic } from './atomic-write.ts';

it('holds what was written last, however many write at a time, for those only that may read it', async () => {
  const folder = tempFolder();
  const file = path.join(folder, 'note');
  writeFileSync(`${file}.part`, 'left by a crash');
  await Promise.all(Array.from({ length: 20 }, (_, n) => writeFileAtomic(file, `note ${n}`, 0o600)));
  expect(readFileSync(file, 'utf8')).toBe('note 19');
  expect([filesIn(folder), statSync(file).mode & 0o777]).toEqual([['note'], 0o600]);
  await expect(writeFileAtomic(path.join(folder, 'none', 'note'), '')).rejects.toThrow(/ENOENT/);
});

it('a text file that a power cut left empty or full of zeros is created again', async () => {
  const file = path.join(tempFolder(), 'id');
  const form = /^id \d$/;
  expect(await readOrCreate(file, form, () => 'id 1')).toBe('id 1');
  expect(await readOrCreate(file, form, () => 'id 2')).toBe('id 1');
  for (const [n, left] of ['', '\0\0\0\0'].entries()) {
    writeFileSync(file, left);
    expect(await readOrCreate(file, form, () => `id ${n + 3}`)).toBe(`id ${n + 3}`);
    expect(readFileSync(file, 'utf8')).toBe(`id ${n + 3}`);
  }
});
