import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { build, clipFor, OPTIONS, stagesIn } from './convert.ts';
import { type Bench, FLOTILLA, measured, type Report, run, say } from './measure.ts';

/** Seconds of video, and the share of the encode that its check may take at the most. */
const LENGTHS = [
  [60, 0.15],
  [600, 0.08],
] as const;

/** What it costs to prove a result, against its encode at the default preset, for a short video and a long one. */
export const check: Bench = async (folder) => {
  build();
  const clip = await clipFor(folder);
  const report: Report = { clip: path.basename(clip) };
  for (const [seconds, goal] of LENGTHS) {
    say(`check: a video of ${seconds} s`);
    const [data, library] = [path.join(folder, `data-${seconds}`), path.join(folder, `library-${seconds}`)];
    mkdirSync(library);
    const video = ['-t', String(seconds), '-c', 'copy', path.join(library, 'video.mkv')];
    await run('ffmpeg', ['-stream_loop', '-1', '-i', clip, '-map', '0:v', '-map', '0:a', ...video]);
    await run(FLOTILLA, ['convert', '--data', data, ...OPTIONS, library]);
    const { encoding = Number.NaN, checking = Number.NaN } = stagesIn(data);
    report[`encode${seconds}`] = measured(encoding, 's');
    report[`check${seconds}`] = measured(checking, 's');
    report[`share${seconds}`] = measured(checking / encoding, 'of the encode', goal);
  }
  return report;
};
