// What electron-builder does first: everything that ships needs its notices, and an installer its ffmpeg.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { Arch } from 'electron-builder';
import { writeNotices } from './notices.mjs';

const ROOT = path.resolve(import.meta.dirname, '..');

export default ({ electronPlatformName: platform, arch, targets }) => {
  const ffmpeg = `resources/ffmpeg/${platform}-${Arch[arch]}`;
  // What is only unpacked may be tried with the ffmpeg of this computer.
  if (targets.some(({ name }) => name !== 'dir') && !existsSync(path.join(ROOT, ffmpeg)))
    throw new Error(
      `There is no ffmpeg in ${ffmpeg}; run npm run fetch-ffmpeg -- --platform ${platform} --arch ${Arch[arch]} first.`,
    );
  return writeNotices(path.join(ROOT, 'dist/notices'));
};
