import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { type Bench, FLOTILLA, measured, median, run, say, timed } from './measure.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** A real clip where there is one; it belongs to others and is not part of the project. */
const CLIP = path.join(ROOT, '../shared/media/sintel_trailer-720p.mp4');
const REPETITIONS = 3;
const GOAL = 1.03;
/** What the program sets for its own ffmpeg: SVT-AV1 does not chatter. */
const ENV = { ...process.env, SVT_LOG: '1' };

async function makeClip(folder: string): Promise<string> {
  say(`convert: there is no ${CLIP}, so 30 s of a test picture have to do`);
  const clip = path.join(folder, 'generated.mkv');
  const inputs = ['testsrc2=size=1280x720:rate=24,noise=alls=6:allf=t', 'sine=frequency=220'];
  const args = inputs.flatMap((input) => ['-f', 'lavfi', '-i', input]);
  await run('ffmpeg', [...args, '-t', '30', '-pix_fmt', 'yuv420p', '-b:v', '12M', '-c:a', 'aac', clip]);
  return clip;
}

/** A video-like clip: the real one, or one that is made. */
export function clipFor(folder: string): string | Promise<string> {
  return existsSync(CLIP) ? CLIP : makeClip(folder);
}

/** Builds the program if its sources are newer. */
export function build(): void {
  execFileSync(process.execPath, [path.join(ROOT, 'build/setup.mjs'), '--build'], { stdio: ['ignore', 2, 2] });
}

/** What every conversion here is run with: nothing that waits, and the whole computer. */
export const OPTIONS = ['--settle', '0', '--min-savings', '0', '--nice', '0', '--ionice', '0'];

/** Seconds of each stage of the one conversion in this data folder. */
export function stagesIn(data: string): Record<string, number> {
  const db = new Database(path.join(data, 'flotilla.db'), { readonly: true });
  const rows = db.prepare("SELECT stages FROM attempts WHERE outcome = 'done'").pluck().all();
  db.close();
  if (rows.length !== 1) throw new Error('the video was not converted');
  return JSON.parse(String(rows[0]));
}

/** `flotilla convert` against ffmpeg alone with the very same arguments; neither runs under nice or ionice. */
export const convert: Bench = async (folder) => {
  build();
  const clip = await clipFor(folder);
  const planned = JSON.parse(await run(FLOTILLA, ['plan', '--json', '--data', path.join(folder, 'plan'), clip]));
  const [ffmpeg, ...args] = planned.commands[0] as [string, ...string[]];
  args.splice(-1, 1, `file:${path.join(folder, 'alone.mkv')}`);

  const alone: number[] = [];
  const whole: number[] = [];
  const stages: Record<string, number>[] = [];
  for (let i = 0; i < REPETITIONS; i++) {
    say(`convert ${i + 1}/${REPETITIONS}`);
    const [data, library] = [path.join(folder, `data-${i}`), path.join(folder, `library-${i}`)];
    mkdirSync(library);
    copyFileSync(clip, path.join(library, path.basename(clip)));
    alone.push(await timed(() => run(ffmpeg, args, ENV)));
    whole.push(await timed(() => run(FLOTILLA, ['convert', '--data', data, ...OPTIONS, library])));
    stages.push(stagesIn(data));
  }
  const [base, total] = [median(alone), median(whole)];
  const inStages = Object.keys(stages[0] ?? {}).map((name) => [name, median(stages.map((s) => s[name] ?? 0))] as const);
  const checking = new Map(inStages).get('checking') ?? 0;
  return {
    clip: path.basename(clip),
    ffmpeg: measured(base, 's'),
    flotilla: measured(total, 's'),
    ...Object.fromEntries(inStages.map(([stage, seconds]) => [stage, measured(seconds, 's')])),
    outsideStages: measured(total - inStages.reduce((sum, [, seconds]) => sum + seconds, 0), 's'),
    totalRatio: measured(total / base, '× ffmpeg'),
    ratioWithoutChecking: measured((total - checking) / base, '× ffmpeg', GOAL),
  };
};
