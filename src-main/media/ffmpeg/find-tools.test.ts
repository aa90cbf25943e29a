import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { tempFolder } from '../../test/support/temp.ts';
import { requireEncoders, tooOld } from './capabilities.ts';
import { findTools } from './find-tools.ts';

let own: string;
let bundled: string;

function program(folder: string, name: string): string {
  const file = path.join(folder, process.platform === 'win32' ? `${name}.exe` : name);
  writeFileSync(file, '');
  chmodSync(file, 0o755);
  return file;
}

beforeAll(() => {
  [own, bundled] = ['own', 'bundled'].map((name) => path.join(tempFolder(), name)) as [string, string];
  for (const folder of [own, bundled]) {
    mkdirSync(folder);
    for (const name of ['ffmpeg', 'ffprobe']) program(folder, name);
  }
});

describe('findTools', () => {
  it('takes the chosen ones first, by their folder or by ffmpeg itself', () => {
    const found = findTools(own, bundled);
    expect(path.dirname(found.ffmpeg)).toBe(own);
    expect(path.dirname(found.ffprobe)).toBe(own);
    expect(found.origin).toMatch(/^chosen by FFMPEG_PATH/);
    expect(findTools(found.ffmpeg, bundled)).toEqual(found);
  });

  it('then those that came with the app, then those in PATH', () => {
    expect(findTools(null, bundled)).toMatchObject({ origin: expect.stringMatching(/^came with Flotilla, /) });
    expect(path.dirname(findTools(null, bundled).ffprobe)).toBe(bundled);
    const none = tempFolder();
    expect(findTools(null, none)).toMatchObject({ ffmpeg: 'ffmpeg', ffprobe: 'ffprobe' });
    expect(findTools(null, none).origin).toMatch(/^from PATH/);
  });

  it('refuses chosen ones that are not all there, with one sentence', () => {
    const half = tempFolder();
    program(half, 'ffmpeg');
    for (const chosen of ['/no/such/place', half])
      expect(() => findTools(chosen, bundled)).toThrow(/there is no .*; name the folder where both/);
  });
});

it.each([
  ['4.4.2-0ubuntu0.22.04.1', true],
  ['n4.4', true],
  ['5.0.1', true],
  ['5.1.9-0+deb12u1', false],
  ['8.1.2', false],
  ['n8.1.2-34-g9b6c8969e0-20260731', false],
  ['10.0', false],
  ['N-118385-g0225fe857d', false],
])('%s is too old: %s', (version, old) => {
  expect(tooOld(version)).toBe(old);
  const caps = { version, libsvtav1: true, libopus: true, bwdif: true } as Parameters<typeof requireEncoders>[0];
  if (old) expect(() => requireEncoders(caps)).toThrow(/is too old; Flotilla needs ffmpeg 5\.1/);
  else expect(() => requireEncoders(caps)).not.toThrow();
});
