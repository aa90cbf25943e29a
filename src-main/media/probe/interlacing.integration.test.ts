import path from 'node:path';
import { execaSync } from 'execa';
import { expect, it } from 'vitest';
import { FFMPEGS } from '../../test/support/ffmpegs.ts';
import { tempFolder } from '../../test/support/temp.ts';
import { ProcessManager } from '../ffmpeg/process-manager.ts';
import { measureFields } from './interlacing.ts';

const folder = tempFolder();

/** Interlaced and progressive pictures, of which idet takes the fine moving lines for fields too. */
it.each([
  ['testsrc2=s=160x96:r=25', undefined],
  ['testsrc2=s=160x96:r=50,interlace=scan=tff', 'tff'],
  ['testsrc2=s=160x96:r=50,interlace=scan=bff,setfield=bff', 'bff'],
  ['color=gray:s=160x96:r=25,noise=alls=60:allf=t', undefined],
  ['color=gray:s=160x96:r=25,noise=alls=100,boxblur=2,eq=contrast=4,scroll=horizontal=0.012', 'progressive'],
] as const)('%s is measured as %s', async (source, fields) => {
  const file = path.join(folder, 'video.mkv');
  const encoder = ['-t', '1', '-pix_fmt', 'yuv420p', '-c:v', 'ffv1', file];
  execaSync('ffmpeg', ['-nostdin', '-v', 'error', '-y', '-f', 'lavfi', '-i', source, ...encoder]);
  const processes = await ProcessManager.create(tempFolder());
  const video = { type: 'video', index: 0, codec: 'ffv1', width: 160, height: 96, frameRate: 25 } as const;
  for (const { tools } of FFMPEGS)
    expect(await measureFields(processes, tools, file, 'matroska', video, 1)).toBe(fields);
});
