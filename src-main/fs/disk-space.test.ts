import { statfsSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { tempFolder } from '../test/support/temp.ts';
import { DiskSpace } from './disk-space.ts';

const folder = tempFolder();
const place = (name: string) => path.join(folder, name);
/** More than half of what is free: one fits, two do not. */
const most = () => {
  const { bavail, bsize } = statfsSync(folder);
  return Math.floor(bavail * bsize * 0.6);
};

describe('Space', () => {
  it('promises no byte twice', async () => {
    const space = new DiskSpace();
    const giveBack = await space.reserve({ place: place('a'), bytes: most(), what: 'the first' });
    await expect(space.reserve({ place: place('b'), bytes: most(), what: 'the second' })).rejects.toMatchObject({
      code: 'node',
      message: expect.stringMatching(/^The temporary folder .* free, but the second may need .*TEMP_DIR\.$/),
    });
    giveBack();
    giveBack();
    await space.reserve({ place: place('b'), bytes: most(), what: 'the second' });
    await expect(space.reserve({ place: place('c'), bytes: most(), what: 'the third' })).rejects.toThrow('the third');
  });

  it('has those wait who may, until there is room or they want none', async () => {
    const space = new DiskSpace();
    const giveBack = await space.reserve({ place: place('a'), bytes: most(), what: 'the first' });
    const [patient, impatient] = [new AbortController(), new AbortController()];
    const wish = { place: place('b'), bytes: most(), what: 'the second' };
    const waiting = space.reserve({ ...wish, signal: patient.signal });
    const gone = space.reserve({ ...wish, signal: impatient.signal });
    impatient.abort(new Error('no more'));
    await expect(gone).rejects.toThrow('no more');
    giveBack();
    await waiting;
  });

  it('fails at once when no reservation can free enough space', async () => {
    const { signal } = new AbortController();
    const { bavail, bsize } = statfsSync(folder);
    const wish = { place: place('a'), bytes: 2 * bavail * bsize, what: 'it', signal };
    await expect(new DiskSpace().reserve(wish)).rejects.toMatchObject({ code: 'node' });
  });

  it('counts what is written already as no longer promised', async () => {
    const space = new DiskSpace();
    writeFileSync(place('begun'), Buffer.alloc(1000));
    space.keep(place('begun'), 1000);
    space.keep(place('not begun'), most());
    await expect(space.reserve({ place: place('a'), bytes: most(), what: 'it' })).rejects.toThrow('it may need');
  });

  // There, a file takes its size, holes or not.
  it.skipIf(process.platform === 'win32')('counts the holes of a file as not yet written', async () => {
    const space = new DiskSpace();
    writeFileSync(place('holes'), '');
    truncateSync(place('holes'), most());
    space.keep(place('holes'), most());
    await expect(space.reserve({ place: place('a'), bytes: most(), what: 'it' })).rejects.toThrow('it may need');
  });
});
