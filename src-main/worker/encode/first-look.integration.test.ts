import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { execaSync } from 'execa';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Plan } from '../../../src-shared/plan/plan.ts';
import { ProcessManager } from '../../media/ffmpeg/process-manager.ts';
import { takeCovers, tryHeader } from './first-look.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'flotilla-first-look-'));
const file = path.join(folder, 'video.mkv');
const cover = path.join(folder, 'cover.jpg');
const words = { from: '', to: '' };

/** Noise of several megabytes with a cover, and a subtitle track whose only line comes at the end. */
beforeAll(() => {
  const ffmpeg = (args: string) => execaSync('ffmpeg', ['-v', 'error', ...args.split(' ')], { cwd: folder });
  writeFileSync(path.join(folder, 'late.srt'), '1\n00:00:07,500 --> 00:00:07,900\nLate\n\n');
  ffmpeg('-f lavfi -i testsrc2=s=64x64 -frames:v 1 cover.jpg');
  ffmpeg(
    '-f lavfi -i testsrc2=s=160x90:r=24:d=8,noise=alls=60:allf=t -i late.srt -map 0 -map 1 -c:v mpeg2video -q:v 1 -attach cover.jpg -metadata:s:t mimetype=image/jpeg -max_interleave_delta 0 video.mkv',
  );
  return () => rmSync(folder, { recursive: true });
});

const plan = (...streams: Plan['streams']): Plan => ({
  kind: 'convert',
  demuxer: 'matroska',
  container: 'mkv',
  streams,
});
const video = { action: 'encode', type: 'video', source: 0, ...words } as Plan['streams'][number];

/** The program, as a script that notes how many bytes it has read. */
async function makeStage() {
  const at = mkdtempSync(path.join(folder, 'run-'));
  const ffmpeg = path.join(at, 'ffmpeg');
  const note = `${at}/read`;
  const script = `#!/bin/sh\nffmpeg "$@" &\ntrap 'cat /proc/$!/io >"${note}"; kill $!; wait $!; exit 255' TERM\nwait $!\nexit $?\n`;
  writeFileSync(ffmpeg, script, { mode: 0o755 });
  const processes = await ProcessManager.create(path.join(at, 'notes'));
  onTestFinished(() => rmSync(at, { recursive: true }));
  const bytesRead = () => Number(/^rchar: (\d+)/m.exec(readFileSync(note, 'utf8'))?.[1]);
  return { at, processes, tools: { ffmpeg, ffprobe: 'ffprobe' }, bytesRead };
}

describe.runIf(process.platform === 'linux')('before the encode', () => {
  it('the header is tried without reading up to a late subtitle', async () => {
    const { at, processes, tools, bytesRead } = await makeStage();
    const subtitle: Plan['streams'][number] = { action: 'copy', type: 'subtitle', source: 1, ...words };
    expect(await tryHeader(processes, tools, plan(video, subtitle), file, at, {})).toBeUndefined();
    expect(bytesRead()).toBeLessThan(statSync(file).size / 2);
  });

  it('a cover is taken out, byte for byte, without reading the video to its end', async () => {
    const { at, processes, tools, bytesRead } = await makeStage();
    const picture: Plan['streams'][number] = {
      ...{ action: 'cover', type: 'cover', source: 2, filename: 'cover.jpg', mimetype: 'image/jpeg', ...words },
    };
    const files = await takeCovers(processes, tools, plan(video, picture), file, at, {});
    expect(files).toHaveLength(1);
    expect(readFileSync((files as string[])[0] ?? '')).toEqual(readFileSync(cover));
    expect(bytesRead()).toBeLessThan(statSync(file).size / 2);
  });

  it('what the container does not take is a skip with its reason', async () => {
    const { at, processes, tools } = await makeStage();
    const picture: Plan['streams'][number] = { action: 'copy', type: 'subtitle', source: 1, ...words };
    const refused = await tryHeader(processes, tools, { ...plan(video, picture), container: 'webm' }, file, at, {});
    expect(refused).toMatchObject({ kind: 'skip', code: 'container-refuses' });
  });
});
