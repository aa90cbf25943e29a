import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { z } from 'zod';
import { randomFrom } from '../../media/verify/windows.ts';
import { build, clipFor, OPTIONS, stagesIn } from './convert.ts';
import { type Encoder, findEncoders } from './encodes.ts';
import { type Bench, FLOTILLA, measured, median, type Report, run, say, timed } from './measure.ts';
import { compareWhole } from './quality.ts';
import { fleet } from './scaling.ts';

/** Length of the video in s: six chunks of the shortest length. A shorter one has six chunks all the same. */
const SECONDS = 180;
const CHUNKS = 6;
const PRESET = 8;
/** How often a conversion in chunks and one in one piece take turns. */
const REPETITIONS = 3;
const [SEED, KILLS] = [1, 10];
/** Size and rate of the video: those that the filter which measures takes. */
const RATE = 24;
const PICTURE = `scale=832:480:force_original_aspect_ratio=decrease,pad=832:480:-1:-1,setsar=1,fps=${RATE},format=yuv420p`;

/** How many times faster two computers have to be with one video than one: the goal is for the inverse. */
const SPEED_UP = 1.85;
/** Wall time and bytes of chunks against the encode in one piece. */
const [WALL_GOAL, SIZE_GOAL] = [1.03, 1.003];
/** How much worse chunks may be, in dB. */
const QUALITY_GOAL = 0.05;
/** The median of what a kill costs, in chunks. */
const LOST_GOAL = 1;

/** A length that no video has: one that is shorter than two chunks is encoded in one piece. */
const WHOLE = { FLOTILLA_CHUNKS: '1000000' };

/** What every part of the bench works with. */
interface Setting {
  folder: string;
  video: string;
  preset: number;
  /** With the ffmpeg, and the length of chunks where it is another one. */
  env: NodeJS.ProcessEnv;
}

/** Makes a video like usual ones: key frames every few seconds, pictures only. */
async function makeVideo(folder: string, seconds: number): Promise<string> {
  const video = path.join(folder, 'video.mkv');
  const source = ['-stream_loop', '-1', '-i', await clipFor(folder), '-t', String(seconds), '-map', '0:v:0'];
  const made = ['-c:v', 'libx264', '-preset', 'fast', '-crf', '17', '-g', '96'];
  await run('ffmpeg', ['-nostdin', '-v', 'error', '-y', ...source, '-vf', PICTURE, ...made, video]);
  return video;
}

/** The command that converts the one video of a library. */
function convertArgs(data: string, library: string, preset: number): string[] {
  const how = ['--quality', 'table', '--preset', String(preset)];
  return ['convert', '--json', '--data', data, ...OPTIONS, ...how, library];
}

function makeLibrary(folder: string, video: string): string {
  mkdirSync(folder, { recursive: true });
  copyFileSync(video, path.join(folder, 'video.mkv'));
  return folder;
}

/** How many chunks the one conversion of a data folder had; 0 for one in one piece. */
function chunksIn(data: string): number {
  const db = new Database(path.join(data, 'flotilla.db'), { readonly: true });
  const rows = db.prepare('SELECT max(coalesce(chunks, 0)) FROM attempts').pluck().all();
  db.close();
  return z.number().parse(rows[0]);
}

/** One video on one worker and on two, each pinned to a core of its own; the master has both. */
async function speedUp({ video, preset, env }: Setting): Promise<Report> {
  const options = { copies: 1, preset, env: { ...env, QUALITY: 'table' } };
  say('chunks: one video on one worker');
  const one = await fleet(video, { ...options, workers: 1, cores: '0,1' });
  say('chunks: one video on two workers');
  const two = await fleet(video, { ...options, workers: 2, cores: '0,1' });
  return {
    one: measured(one.seconds, 's'),
    two: measured(two.seconds, 's'),
    speedUp: measured(one.seconds / two.seconds, '× one worker'),
    againstOne: measured(two.seconds / one.seconds, 'of the time of one', 1 / SPEED_UP),
    encodeOne: measured(one.encoding, 's'),
    encodeTwo: measured(two.encoding, 's'),
    encodeSpeedUp: measured(one.encoding / two.encoding, '× one worker'),
    master: measured((100 * two.master) / two.workers, '% of the processor time of the workers'),
  };
}

/** The same video in chunks and in one piece on one computer: time, bytes, and quality where that can be measured. */
async function againstWhole(
  setting: Setting,
  repetitions: number,
  encoder: Encoder | undefined,
): Promise<{ report: Report; chunkMs: number }> {
  const { folder, video, preset, env } = setting;
  const ways = { chunks: env, whole: { ...env, ...WHOLE } };
  const found = { chunks: { seconds: [] as number[], file: '' }, whole: { seconds: [] as number[], file: '' } };
  let [count, encoding] = [0, 0];
  for (let i = 0; i < repetitions; i += 1) {
    for (const way of ['chunks', 'whole'] as const) {
      say(`chunks: ${way} ${i + 1}/${repetitions}`);
      const [data, library] = [
        path.join(folder, `${way}-${i}`),
        makeLibrary(path.join(folder, `${way}-${i}-library`), video),
      ];
      found[way].seconds.push(await timed(() => run(FLOTILLA, convertArgs(data, library, preset), ways[way])));
      found[way].file = path.join(library, 'video.mkv');
      // This fails where the video was not replaced, which would be compared with itself.
      const stages = stagesIn(data);
      if (way === 'chunks') [count, encoding] = [chunksIn(data), stages.encoding ?? Number.NaN];
      else if (chunksIn(data) > 0) throw new Error('the video was not encoded in one piece');
    }
  }
  if (count < 2) throw new Error('the video was not encoded in chunks');
  const [chunks, whole] = [median(found.chunks.seconds), median(found.whole.seconds)];
  const sizes = { chunks: statSync(found.chunks.file).size, whole: statSync(found.whole.file).size };
  const chunkMs = (1000 * encoding) / count;
  const report: Report = {
    chunks: measured(count, 'chunks'),
    inChunks: measured(chunks, 's'),
    inOnePiece: measured(whole, 's'),
    wallRatio: measured(chunks / whole, '× one piece', WALL_GOAL),
    sizeRatio: measured(sizes.chunks / sizes.whole, '× one piece', SIZE_GOAL),
  };
  if (!encoder)
    return { report: { ...report, quality: 'needs an ffmpeg of 7.1 or newer (FLOTILLA_TEST_FFMPEGS)' }, chunkMs };
  say('chunks: quality');
  const [ofChunks, ofWhole] = [
    await compareWhole(encoder, found.chunks.file, video),
    await compareWhole(encoder, found.whole.file, video),
  ];
  const qualities: Report = {
    qualityInChunks: measured(ofChunks, 'dB'),
    qualityInOnePiece: measured(ofWhole, 'dB'),
    qualityLost: measured(ofWhole - ofChunks, 'dB', QUALITY_GOAL),
  };
  return { report: { ...report, ...qualities }, chunkMs };
}

/** What a conversion reports of its encode. */
const Encoding = z.object({
  type: z.literal('progress'),
  stage: z.literal('encoding'),
  chunks: z.object({ done: z.number(), total: z.number() }),
});
type Encoding = z.infer<typeof Encoding>;

/** How far a conversion came. */
interface Life {
  /** Its first and its last report of the encode; undefined where it came to none. */
  first: Encoding | undefined;
  last: Encoding | undefined;
  /** Since its last chunk was done, or it began, in ms. */
  wasted: number;
  /** It came to its end. */
  ended: boolean;
}

/** Runs a conversion, and kills it so many ms after its encode has begun. */
async function liveFor(args: string[], env: NodeJS.ProcessEnv, ms: number): Promise<Life> {
  const child = spawn(process.execPath, [FLOTILLA, ...args], { stdio: ['ignore', 'pipe', 'ignore'], env });
  const exited = once(child, 'exit');
  const life: Life = { first: undefined, last: undefined, wasted: 0, ended: false };
  let since = 0;
  const begun = Promise.withResolvers<void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { data } = Encoding.safeParse(JSON.parse(line));
    if (!data) return;
    if (life.last?.chunks.done !== data.chunks.done) since = performance.now();
    life.first ??= data;
    life.last = data;
    begun.resolve();
  });
  await Promise.race([exited, begun.promise.then(() => wait(ms))]);
  life.ended = child.exitCode !== null;
  life.wasted = performance.now() - since;
  child.kill('SIGKILL');
  await exited;
  return life;
}

/**
 * Kills a conversion again and again at random moments within the time of two chunks, and sees where the next one continues. Lost is the
 * time since a chunk was done, and each chunk that was done and is not there any more.
 */
async function lostWork(
  setting: Setting,
  { kills, seed, chunkMs }: { kills: number; seed: number; chunkMs: number },
): Promise<Report> {
  const { folder, video, preset, env } = setting;
  const random = randomFrom(seed);
  const lost: number[] = [];
  let before: Life | undefined;
  let [videos, args] = [0, [] as string[]];
  const renew = () => {
    videos += 1;
    const library = makeLibrary(path.join(folder, `killed-${videos}-library`), video);
    args = convertArgs(path.join(folder, `killed-${videos}`), library, preset);
    before = undefined;
  };
  renew();
  while (lost.length < kills) {
    say(`chunks: kill ${lost.length + 1}/${kills}`);
    const life = await liveFor(args, env, random() * 2 * chunkMs);
    if (before?.last && life.first)
      lost.push(before.wasted / chunkMs + Math.max(0, before.last.chunks.done - life.first.chunks.done));
    before = life;
    // It is given up where it was killed too often before a chunk was done.
    if (life.ended || !life.last) renew();
  }
  return {
    lostWork: measured(median(lost), 'chunks', LOST_GOAL),
    lostAtMost: measured(Math.max(...lost), 'chunks'),
    kills: measured(lost.length, 'kills'),
  };
}

/**
 * One video in chunks: on two computers against one, against its encode in one piece, and what a kill costs. The newest ffmpeg that measures
 * quality is taken; a video of less than three minutes has shorter chunks, which is enough to see whether the bench runs.
 */
export const chunks: Bench = async (folder, { seconds = SECONDS, preset = PRESET, rounds, seed = SEED }) => {
  if (process.platform !== 'linux') return { skipped: 'needs Linux, whose taskset pins each worker to a core' };
  build();
  const encoder = (await findEncoders(folder)).findLast(({ caps }) => caps.xpsnr);
  const video = await makeVideo(folder, seconds);
  const env = {
    ...process.env,
    ...(encoder && { FFMPEG_PATH: encoder.ffmpeg }),
    ...(seconds < SECONDS && { FLOTILLA_CHUNKS: String(Math.floor(seconds / CHUNKS)) }),
  };
  const setting: Setting = { folder, video, preset, env };
  const scaled = await speedUp(setting);
  const { report, chunkMs } = await againstWhole(setting, rounds ?? REPETITIONS, encoder);
  const lost = await lostWork(setting, { kills: rounds ?? KILLS, seed, chunkMs });
  return { encoder: encoder?.name ?? 'of the installed ffmpeg', ...scaled, ...report, ...lost };
};
