import { open, writeFile } from 'node:fs/promises';
import type { ProcessManager, RunEnd, RunOptions } from '../../../media/ffmpeg/process-manager.ts';
import { randomFrom } from '../../../media/verify/windows.ts';
import type { VirtualClock } from './virtual-clock.ts';

/**
 * What an hour of video takes on one computer, in s. Encode and proof are those of `npm run bench -- check`: 424 and 31 s for ten minutes of
 * 720p at preset 8 on two processors. `read` is what the 1.1 GB of such a video take over a gigabit network (ffprobe's own work on packets and
 * key frames took 3 and 4 s). The others are processor time of ffmpeg and ffprobe for ten minutes of the same clip: pictures joined with one
 * stereo track that becomes Opus, or is copied, and the times of the result.
 */
export const HOUR = { encode: 2544, proof: 186, read: 10, join: { opus: 36, copied: 3 }, readResult: 3 };
/** What happens to the sound of a simulated video. */
export type Sound = keyof typeof HOUR.join;
/** Start of a program, in s: from work to its encode, a worker takes 0.2 s (`npm run bench -- scaling`). */
const START = 0.2;
/** Seconds of video that are equally hard, and by which factor at the most they are harder or easier than the mean. */
const [SCENE, SPREAD] = [60, 0.4];
/** Those of two hours; longer videos repeat them. */
const MAX_SCENES = 120;
/** Seconds between two key frames. */
const KEY_SECONDS = 4;
/** Between two reports of an encode, in s. */
const REPORT = 10;

/**
 * What a simulated file holds: the seconds of video from `from` to `to`, and what its difficulty comes from. One second is one frame,
 * so that lists of times are short.
 */
interface Content {
  from: number;
  to: number;
  seed: number;
}

/** The first bytes of a file that holds this. */
export const contentText = ({ from, to, seed }: Content): string => `${from} ${to} ${seed}\n`;

async function contentOf(file: string): Promise<Content> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(64), 0, 64, 0);
    const [from = 0, to = 0, seed = 0] =
      buffer.toString('latin1', 0, bytesRead).split('\n')[0]?.split(' ').map(Number) ?? [];
    return { from, to, seed };
  } finally {
    await handle.close();
  }
}

/** How hard the scenes of videos are, relative to the mean, by the seeds of their content. */
const difficulties = new Map<number, number[]>();

function difficultiesOf(seed: number): number[] {
  const known = difficulties.get(seed);
  if (known) return known;
  const random = randomFrom(seed);
  const scenes = Array.from({ length: MAX_SCENES }, () => 1 + SPREAD * (2 * random() - 1));
  difficulties.set(seed, scenes);
  return scenes;
}

/** Seconds that encoding a part of a video takes: some scenes are harder than others. */
function encodeSeconds({ from, to, seed }: Content): number {
  const scenes = difficultiesOf(seed);
  let sum = 0;
  for (let scene = Math.floor(from / SCENE); scene * SCENE < to; scene += 1) {
    const seconds = Math.min(to, (scene + 1) * SCENE) - Math.max(from, scene * SCENE);
    sum += seconds * (scenes[scene % MAX_SCENES] ?? 1);
  }
  return (sum * HOUR.encode) / 3600;
}

/** Stands in for ffmpeg and ffprobe on one computer: they take their time, and their results say which part of which video they are. */
export class SimulatedPrograms implements Pick<ProcessManager, 'run'> {
  readonly #clock: VirtualClock;
  readonly #sound: Sound;
  /** Seconds of encodes, those that were ended early included. */
  encoded = 0;

  constructor(clock: VirtualClock, sound: Sound) {
    this.#clock = clock;
    this.#sound = sound;
  }

  async run(program: string, args: string[], options: RunOptions = {}): Promise<RunEnd> {
    try {
      await this.#wait(START, options.signal);
      if (program === 'ffprobe') await this.#probe(args, options);
      else await this.#convert(args, options);
      return { kind: 'exit', code: 0 };
    } catch (error) {
      if (options.signal?.aborted) return { kind: 'cancelled' };
      throw error;
    }
  }

  #wait(seconds: number, signal: AbortSignal | undefined): Promise<void> {
    return this.#clock.wait(1000 * seconds, signal);
  }

  async #probe(args: string[], { onStdout, signal }: RunOptions): Promise<void> {
    const { from, to } = await contentOf(fileAt(args.at(-1)));
    const frames = Array.from({ length: to - from }, (_, i) => from + i);
    if (args.includes('-show_data_hash')) {
      for (const frame of frames) onStdout?.(`packet|pts_time=${frame}`);
      onStdout?.('stream|extradata_hash=SHA256:0');
      return;
    }
    const isResult = !args.at(-1)?.endsWith('.mkv');
    await this.#wait(((to - from) * (isResult ? HOUR.readResult : HOUR.read)) / 3600, signal);
    if (args.includes('nokey')) return;
    for (const frame of frames) onStdout?.(`0,${frame},${frame},1,300000,${frame % KEY_SECONDS === 0 ? 'K__' : '___'}`);
  }

  async #convert(args: string[], options: RunOptions): Promise<void> {
    const source = await contentOf(fileAt(args[args.indexOf('-i') + 1]));
    const output = fileAt(args.findLast((arg) => arg.startsWith('file:')));
    if (args.includes('concat')) {
      await this.#wait(((source.to - source.from) * HOUR.join[this.#sound]) / 3600, options.signal);
      return writeFile(output, contentText(source));
    }
    const [, begin = 0] = /trim=start=([\d.]+)/.exec(args.join(' ')) ?? [];
    const from = Math.round(Number(begin));
    const frames = args.includes('-frames:v') ? Number(args[args.indexOf('-frames:v') + 1]) : source.to - from;
    const content = { ...source, from, to: from + frames };
    await this.#encode(frames, encodeSeconds(content), options);
    await writeFile(output, contentText(content));
  }

  async #encode(frames: number, seconds: number, { onStdout, signal }: RunOptions): Promise<void> {
    for (let done = 0; done < seconds; ) {
      const step = Math.min(REPORT, seconds - done);
      const before = this.#clock.now;
      await this.#wait(step, signal).finally(() => {
        this.encoded += (this.#clock.now - before) / 1000;
      });
      done += step;
      const frame = Math.floor((frames * done) / seconds);
      for (const line of [`frame=${frame}`, `total_size=${frame}`, `out_time_us=${frame}000000`, 'progress=continue'])
        onStdout?.(line);
    }
  }
}

const fileAt = (arg = '') => arg.replace(/^file:/, '');
