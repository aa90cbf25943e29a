/** What benches of the encoder share: real clips, the encoders at hand, and what an encode of one costs and brings. */
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { findFfmpegs } from '../../../build/vitest.setup.ts';
import type { Capabilities } from '../../../src-shared/fleet/worker-info.ts';
import { timingArgs } from '../../../src-shared/plan/video-args.ts';
import { detectCapabilities } from '../../media/ffmpeg/capabilities.ts';
import { ProcessManager } from '../../media/ffmpeg/process-manager.ts';
import { run, say, timed } from './measure.ts';

/** Clips that belong to others and are not part of the project. */
export const MEDIA = path.resolve(import.meta.dirname, '../../../../shared/media');
/** Real clips of many kinds with a constant rate: the second to begin at, and frames a second. */
export const CLIPS: [file: string, start: number, rate: string][] = [
  ['sintel_trailer-720p.mp4', 20, '24'],
  ['big_buck_bunny_0_30.webm', 10, '24'],
  ['goldengate_portrait.mp4', 3, '30'],
  ['drone_hevc_338p.mp4', 30, '24000/1001'],
  ['gopro_karma_gpmf.mp4', 4, '30000/1001'],
  ['highway_540p60.mp4', 8, '60000/1001'],
  ['screen_bbc_page.mp4', 5, '30'],
  ['vtest_surveillance.avi', 20, '10'],
];
/** How much of each clip is encoded, in s. */
const SECONDS = 4;
/** The usual CRF, and one at which files are about half as large: how many dB that costs is another number for each clip. */
export const CRF = 30;
const COARSE = 41;

/** An ffmpeg, and the line of encoders that it stands for. */
export interface Encoder {
  ffmpeg: string;
  caps: Capabilities;
  name: string;
}

/** What a clip comes to with one encoder and preset. */
export interface Result {
  seconds: number;
  bytes: number;
  /** Of the luma, in dB. */
  quality: number;
  /** How many dB twice the bytes are worth. */
  doubling: number;
}

/** The installed ffmpeg and those of FLOTILLA_TEST_FFMPEGS, the oldest encoder first: it is what the others are compared with. */
export async function findEncoders(folder: string): Promise<Encoder[]> {
  const processes = await ProcessManager.create(path.join(folder, 'children'));
  const found: Encoder[] = [];
  for (const { folder: place } of findFfmpegs()) {
    const ffmpeg = path.join(place, 'ffmpeg');
    const caps = await detectCapabilities(processes, { ffmpeg, ffprobe: path.join(place, 'ffprobe') });
    if (caps.svtav1) found.push({ ffmpeg, caps, name: caps.svtav1 });
  }
  return found.sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
}

/** The newest ffmpeg that measures XPSNR; where none does, PSNR has to do. */
async function findMeter(encoders: Encoder[]): Promise<{ ffmpeg: string; filter: 'xpsnr' | 'psnr' }> {
  for (const { ffmpeg } of encoders.toReversed())
    if (/ xpsnr /.test(await run(ffmpeg, ['-hide_banner', '-filters']))) return { ffmpeg, filter: 'xpsnr' };
  return { ffmpeg: encoders.at(-1)?.ffmpeg ?? 'ffmpeg', filter: 'psnr' };
}

/**
 * Mean quality of a result's luma against its source. The rate is said on both sides: the filter of 7.1 dies where a link has none; and
 * lines are filled up, which it takes for as long as their pixels are.
 */
async function compare(meter: Awaited<ReturnType<typeof findMeter>>, files: [string, string], rate: string) {
  const same = `format=yuv420p10le,fps=${rate},pad=ceil(iw/64)*64:ih,copy`;
  const graph = `[0:v]${same}[a];[1:v]${same}[b];[a][b]${meter.filter}`;
  const inputs = files.flatMap((file) => ['-i', file]);
  const { stderr } = await execa(meter.ffmpeg, [
    '-nostdin',
    '-hide_banner',
    ...inputs,
    '-lavfi',
    graph,
    '-f',
    'null',
    '-',
  ]);
  const luma = Number(/PSNR\s+y:\s*([\d.]+)/.exec(stderr)?.[1]);
  if (!(luma > 0)) throw new Error(`${meter.filter} says nothing of ${files[0]}: ${stderr.slice(-500)}`);
  return luma;
}

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const geometric = (values: number[]) => Math.exp(mean(values.map(Math.log)));

/** All clips of one encoder and preset against those of another, as means. */
export function against(results: Result[], others: Result[]) {
  const pairs = results.map((result, i) => {
    const { seconds, bytes, quality } = others[i] ?? { seconds: Number.NaN, bytes: Number.NaN, quality: Number.NaN };
    return { seconds: result.seconds / seconds, bytes: result.bytes / bytes, quality: result.quality - quality };
  });
  return {
    seconds: geometric(pairs.map(({ seconds }) => seconds)),
    bytes: geometric(pairs.map(({ bytes }) => bytes)),
    quality: mean(pairs.map(({ quality }) => quality)),
    /** Bytes, had both the same quality. */
    equal: geometric(
      pairs.map(({ bytes, quality }, i) => bytes / 2 ** (quality / (results[i]?.doubling ?? Number.NaN))),
    ),
  };
}

/** An encode of a clip. */
interface Trial {
  preset: number;
  crf: number;
  /** For `-svtav1-params`. */
  params?: string;
}

/** A clip that the encoders are tried on. */
export interface Clip {
  file: string;
  /** How many dB of quality twice the bytes are worth, with the oldest encoder at this preset. */
  doublingAt(preset: number): Promise<number>;
  /** Encodes it, and compares the result with it. */
  encode(encoder: Encoder, trial: Trial): Promise<Omit<Result, 'doubling'>>;
}

/** What {@link eachClip} is asked for. */
interface ClipsWanted {
  folder: string;
  /** The oldest first. */
  encoders: Encoder[];
  /** So many of {@link CLIPS}; all without it. */
  clips?: number | undefined;
  seconds?: number | undefined;
}

/**
 * Tries something on some seconds of each clip, one after the other.
 * @returns how many clips there were, and by what filter quality was measured; undefined when nothing can be measured here
 */
export async function eachClip(wanted: ClipsWanted, attempt: (clip: Clip) => Promise<void>) {
  const { folder, encoders, clips = CLIPS.length, seconds = SECONDS } = wanted;
  const chosen = CLIPS.slice(0, clips).filter(([file]) => existsSync(path.join(MEDIA, file)));
  const [oldest] = encoders;
  if (chosen.length === 0 || !oldest) {
    say('there are no clips in ../shared/media, or no SVT-AV1, so there is nothing to measure');
    return undefined;
  }
  const meter = await findMeter(encoders);
  for (const [file, start, rate] of chosen) {
    const source = path.join(folder, 'source.mkv');
    const cut = ['-ss', String(start), '-i', path.join(MEDIA, file), '-t', String(seconds), '-map', '0:v:0'];
    const kept = ['-vf', `fps=${rate},format=yuv420p10le`, '-c:v', 'ffv1', source];
    await run('ffmpeg', ['-nostdin', '-v', 'error', '-y', ...cut, ...kept]);
    const encode = async ({ ffmpeg, caps, name }: Encoder, { preset, crf, params }: Trial) => {
      say(`${file}, ${name}, preset ${preset}, CRF ${crf}${params ? `, ${params}` : ''}`);
      const result = path.join(folder, 'result.mkv');
      const made = ['-c:v', 'libsvtav1', '-preset', preset, '-crf', crf, '-g', 240, ...timingArgs(caps)].map(String);
      const more = params ? ['-svtav1-params', params] : [];
      const args = ['-nostdin', '-v', 'error', '-y', '-i', source, ...made, ...more, result];
      const took = await timed(() => run(ffmpeg, args, { ...process.env, SVT_LOG: '1' }));
      return { seconds: took, bytes: statSync(result).size, quality: await compare(meter, [result, source], rate) };
    };
    const doublingAt = async (preset: number) => {
      const [fine, coarse] = [
        await encode(oldest, { preset, crf: CRF }),
        await encode(oldest, { preset, crf: COARSE }),
      ];
      return (fine.quality - coarse.quality) / Math.log2(fine.bytes / coarse.bytes);
    };
    await attempt({ file, doublingAt, encode });
  }
  return { clips: chosen.length, meter: meter.filter };
}
