import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { findFfmpegs } from '../../../build/vitest.setup.ts';
import { timingArgs } from '../../../src-shared/video-args.ts';
import type { Capabilities } from '../../../src-shared/worker-info.ts';
import { detectCapabilities } from '../../media/capabilities.ts';
import { ProcessManager } from '../../media/process.ts';
import { type Bench, measured, type Report, run, say, timed } from './measure.ts';

/** Clips that belong to others and are not part of the project. */
const MEDIA = path.resolve(import.meta.dirname, '../../../../shared/media');
/** Real clips of many kinds with a constant rate: the second to begin at, and frames a second. */
const CLIPS: [file: string, start: number, rate: string][] = [
  ['sintel_trailer-720p.mp4', 20, '24'],
  ['big_buck_bunny_0_30.webm', 10, '24'],
  ['goldengate_portrait.mp4', 3, '30'],
  ['drone_hevc_338p.mp4', 30, '24000/1001'],
  ['gopro_karma_gpmf.mp4', 4, '30000/1001'],
  ['highway_540p60.mp4', 8, '60000/1001'],
  ['screen_bbc_page.mp4', 5, '30'],
  ['vtest_surveillance.avi', 20, '10'],
];
const SECONDS = 4;
const [FIRST, LAST] = [4, 10];
/** The usual CRF, and one at which files are about half as large: how many dB that costs is another number for each clip. */
const [CRF, COARSE] = [30, 41];
/** Two presets come to the same where files of equal quality differ by less than this, and quality at one CRF by so many dB. */
const [LARGER, WORSE] = [1.02, 0.25];

/** An ffmpeg, and the line of encoders that it stands for. */
interface Encoder {
  ffmpeg: string;
  caps: Capabilities;
  name: string;
}

/** What a clip comes to with one encoder and preset. */
interface Result {
  seconds: number;
  bytes: number;
  /** Of the luma, in dB. */
  quality: number;
  /** How many dB twice the bytes are worth. */
  doubling: number;
}

/** The installed ffmpeg and those of FLOTILLA_TEST_FFMPEGS, the oldest encoder first: it is what the others are compared with. */
async function findEncoders(folder: string): Promise<Encoder[]> {
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

/** Mean quality of a result's luma against its source. The rate is said on both sides: the filter of 7.1 dies where a link has none. */
async function compare(meter: Awaited<ReturnType<typeof findMeter>>, files: [string, string], rate: string) {
  const same = `format=yuv420p10le,fps=${rate}`;
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
function against(results: Result[], others: Result[]) {
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

/**
 * What each preset of each encoder costs and brings on a few seconds of each clip, against the oldest one's, and which preset comes
 * closest to each of that one's: the fastest whose files are not larger at equal quality, nor much worse at one CRF. That is what the
 * table in src-shared/svt-av1.ts is checked against.
 */
export const presets: Bench = async (folder, { clips = CLIPS.length, seconds = SECONDS, from = FIRST, to = LAST }) => {
  const chosen = CLIPS.slice(0, clips).filter(([file]) => existsSync(path.join(MEDIA, file)));
  const encoders = await findEncoders(folder);
  const [oldest] = encoders;
  if (chosen.length === 0 || !oldest) {
    say('presets: there are no clips in ../shared/media, or no SVT-AV1, so there is nothing to measure');
    return { clips: 'missing' };
  }
  const meter = await findMeter(encoders);
  const all = new Map<string, Result[]>();
  for (const [file, start, rate] of chosen) {
    const source = path.join(folder, 'source.mkv');
    const cut = ['-ss', String(start), '-i', path.join(MEDIA, file), '-t', String(seconds), '-map', '0:v:0'];
    const kept = ['-vf', `fps=${rate},format=yuv420p10le`, '-c:v', 'ffv1', source];
    await run('ffmpeg', ['-nostdin', '-v', 'error', '-y', ...cut, ...kept]);
    const encode = async ({ ffmpeg, caps, name }: Encoder, preset: number, crf: number) => {
      say(`presets: ${file}, ${name}, preset ${preset}, CRF ${crf}`);
      const result = path.join(folder, 'result.mkv');
      const made = ['-c:v', 'libsvtav1', '-preset', preset, '-crf', crf, '-g', 240, ...timingArgs(caps)].map(String);
      const args = ['-nostdin', '-v', 'error', '-y', '-i', source, ...made, result];
      const took = await timed(() => run(ffmpeg, args, { ...process.env, SVT_LOG: '1' }));
      return { seconds: took, bytes: statSync(result).size, quality: await compare(meter, [result, source], rate) };
    };
    const [fine, coarse] = [await encode(oldest, to, CRF), await encode(oldest, to, COARSE)];
    const doubling = (fine.quality - coarse.quality) / Math.log2(fine.bytes / coarse.bytes);
    for (const encoder of encoders) {
      for (let preset = from; preset <= to; preset++) {
        const key = `${encoder.name} preset ${preset}`;
        all.set(key, [...(all.get(key) ?? []), { ...(await encode(encoder, preset, CRF)), doubling }]);
      }
    }
  }
  return reportOf(all, encoders, { meter: meter.filter, from, to, clips: chosen.length });
};

function reportOf(
  all: Map<string, Result[]>,
  encoders: Encoder[],
  { meter, from, to, clips }: { meter: string; from: number; to: number; clips: number },
): Report {
  const [reference = ''] = encoders.map(({ name }) => name);
  const numbers = Array.from({ length: to - from + 1 }, (_, i) => from + i);
  const results = (name: string, preset: number) => all.get(`${name} preset ${preset}`) ?? [];
  // The default of the setting, where it was measured.
  const base = results(reference, numbers.includes(8) ? 8 : to);
  const report: Report = {
    clips: String(clips),
    reference: `${reference} preset ${numbers.includes(8) ? 8 : to}`,
    meter,
  };
  say(`\n| encoder | preset | time | bytes | ${meter} Y, dB | bytes at equal quality |\n|---|---|---|---|---|---|`);
  for (const { name } of encoders) {
    for (const preset of numbers) {
      const { seconds, bytes, quality, equal } = against(results(name, preset), base);
      const cells = [name, preset, seconds.toFixed(2), bytes.toFixed(3), quality.toFixed(2), equal.toFixed(3)];
      say(`| ${cells.join(' | ')} |`);
      report[`${name} preset ${preset} time`] = measured(seconds, '× reference');
      report[`${name} preset ${preset} bytes`] = measured(bytes, '× reference');
      report[`${name} preset ${preset} quality`] = measured(quality, 'dB');
      report[`${name} preset ${preset} bytes at equal quality`] = measured(equal, '× reference');
    }
  }
  for (const { name } of encoders.filter((encoder) => encoder.name !== reference)) {
    for (const wanted of numbers) {
      const fits = numbers.filter((preset) => {
        const { equal, quality } = against(results(name, preset), results(reference, wanted));
        return equal <= LARGER && quality >= -WORSE;
      });
      const closest = fits.at(-1)?.toString() ?? 'none';
      say(`${name}: ${closest} comes closest to preset ${wanted} of ${reference}`);
      report[`${name} for preset ${wanted}`] = closest;
    }
  }
  return report;
}
