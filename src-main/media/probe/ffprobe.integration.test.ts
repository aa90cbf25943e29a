import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { FFMPEGS } from '../../test/support/ffmpegs.ts';
import { tempFolder } from '../../test/support/temp.ts';
import { detectCapabilities } from '../ffmpeg/capabilities.ts';
import { ProcessManager } from '../ffmpeg/process-manager.ts';
import { Prober } from './ffprobe.ts';

/** Kinds of units of H.264, as the first five bits of their first byte tell: pictures that others begin with, and those of a second view. */
const [KEY_PICTURE, SECOND_VIEW] = [5, Buffer.of(0, 0, 0, 1, 0x74, 0xc0, 0x80)];

/** A video of 8 s that has a second view from its middle on, in a container. */
function withLateView(folder: string, name: string): string {
  const ffmpeg = (...args: string[]) =>
    execaSync('ffmpeg', ['-nostdin', '-v', 'error', '-y', ...args], { cwd: folder });
  const pictures = ['-f', 'lavfi', '-i', 'testsrc2=s=64x64:r=24:d=8', '-pix_fmt', 'yuv420p', '-c:v', 'libx264'];
  ffmpeg(...pictures, '-preset', 'ultrafast', '-x264-params', 'keyint=24:slices=1', 'plain.h264');
  const bytes = readFileSync(path.join(folder, 'plain.h264'));
  const pieces: Buffer[] = [];
  let [copied, keys] = [0, 0];
  for (let at = bytes.indexOf('000001', 0, 'hex'); at >= 0; at = bytes.indexOf('000001', at + 3, 'hex')) {
    if (((bytes[at + 3] ?? 0) & 31) !== KEY_PICTURE || ++keys <= 4) continue;
    const next = bytes.indexOf('000001', at + 3, 'hex');
    const end = next < 0 ? bytes.length : next - (bytes[next - 1] === 0 ? 1 : 0);
    pieces.push(bytes.subarray(copied, end), SECOND_VIEW);
    copied = end;
  }
  writeFileSync(path.join(folder, 'view.h264'), Buffer.concat([...pieces, bytes.subarray(copied)]));
  ffmpeg('-r', '24', '-i', 'view.h264', '-c', 'copy', name);
  ffmpeg('-r', '24', '-i', 'plain.h264', '-c', 'copy', `plain ${name}`);
  return path.join(folder, name);
}

describe.each(FFMPEGS)('the probe with $name', ({ tools }) => {
  it.each(['video.mp4', 'video.mkv', 'video.ts'])('sees a second view that begins in mid-video in %s', async (name) => {
    const folder = tempFolder();
    const processes = await ProcessManager.create(path.join(folder, 'children'));
    const caps = await detectCapabilities(processes, tools);
    const prober = new Prober(processes, tools, async () => caps);
    const file = withLateView(folder, name);
    expect((await prober.probe(file)).streams[0]).toMatchObject({ codec: 'h264', layers: true });
    expect((await prober.probe(path.join(folder, `plain ${name}`))).streams[0]).not.toHaveProperty('layers');
  });

  it.each([
    ['that begin one after the other', [0, 1, 2, 2.000001], {}],
    ['of which two begin at the start', [0, 0, 1], {}],
    ['of which two begin at the same time', [0, 1, 1], { chapterFeatures: ['unlisted'] }],
    ['of which one begins before the one before', [0, 1, 2, 0.5], { chapterFeatures: ['unlisted'] }],
  ])('lists chapters %s, or says that ffmpeg drops some', async (_, starts, features) => {
    const folder = tempFolder();
    const processes = await ProcessManager.create(path.join(folder, 'children'));
    const caps = await detectCapabilities(processes, tools);
    const chapters = starts.map(
      (start) => `[CHAPTER]\nTIMEBASE=1/1000000\nSTART=${start * 1e6}\nEND=4000000\ntitle=A\n`,
    );
    const [list, file] = [path.join(folder, 'chapters.txt'), path.join(folder, 'video.mkv')];
    writeFileSync(list, `;FFMETADATA1\n${chapters.join('')}`);
    const pictures = ['-f', 'lavfi', '-i', 'testsrc2=s=64x64:r=24:d=4', '-i', list, '-map', '0', '-map_chapters', '1'];
    execaSync('ffmpeg', ['-nostdin', '-v', 'error', ...pictures, '-c:v', 'libx264', '-preset', 'ultrafast', file]);
    const { chapters: listed, chapterFeatures } = await new Prober(processes, tools, async () => caps).probe(file);
    expect({ ...(chapterFeatures && { chapterFeatures }) }).toEqual(features);
    if (!chapterFeatures) expect(listed).toBe(starts.length);
  });
});
