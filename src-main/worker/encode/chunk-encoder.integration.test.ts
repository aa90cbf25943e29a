import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Grant, Progress } from '../../../src-shared/jobs/lease.ts';
import { DEFAULT_TABLES } from '../../../src-shared/media/quality.ts';
import { fitPlan } from '../../../src-shared/plan/fit-plan.ts';
import { makePlan } from '../../../src-shared/plan/plan.ts';
import { Settings } from '../../../src-shared/settings/settings.ts';
import { detectCapabilities, type Tools } from '../../media/ffmpeg/capabilities.ts';
import { ProcessManager } from '../../media/ffmpeg/process-manager.ts';
import { Timelines } from '../../media/ffmpeg/timeline.ts';
import { Prober } from '../../media/probe/ffprobe.ts';
import { makeClip } from '../../test/support/clips.ts';
import { wrap } from '../../test/support/ffmpeg.ts';
import { FFMPEGS } from '../../test/support/ffmpegs.ts';
import { probe as look, packetTimes } from '../../test/support/media-probe.ts';
import { makeCheck } from '../../test/support/proof.ts';
import { tempFolder } from '../../test/support/temp.ts';
import { Converter, type ConverterWork } from './converter.ts';

const X264 = (gop: 'open' | 'closed') => [
  ...['-preset', 'veryfast', '-x264-params'],
  `keyint=24:min-keyint=24:scenecut=0:bframes=3:open-gop=${gop === 'open' ? 1 : 0}`,
];
const X265 = [
  '-c:v',
  'libx265',
  '-preset',
  'ultrafast',
  '-x265-params',
  'keyint=24:open-gop=1:bframes=3:log-level=error',
];
const VFR = ['-vf', 'select=mod(n\\,7)+mod(n\\,5)', '-fps_mode', 'vfr'];
const VP9 = [
  '-c:v',
  'libvpx-vp9',
  '-deadline',
  'realtime',
  '-cpu-used',
  '8',
  '-g',
  '24',
  '-b:v',
  '400k',
  '-c:a',
  'libopus',
];

/** Sets up what converts clips with one ffmpeg, and a folder for their chunks. */
async function setUp(tools: Tools) {
  const folder = tempFolder();
  const place = path.join(folder, 'chunks', '1-1');
  const processes = await ProcessManager.create(path.join(folder, 'children'));
  const caps = await detectCapabilities(processes, tools);
  const prober = new Prober(processes, tools, async () => caps);
  const warnings: string[] = [];

  const convert = async (
    file: string,
    how: {
      seconds?: number;
      signal?: AbortSignal;
      report?: (progress: Progress) => void;
      values?: Partial<Settings>;
    } = {},
  ) => {
    const at = mkdtempSync(path.join(folder, 'lease-'));
    const settings = Settings.parse({ minSavings: 0, preset: 13, crf: 50, ...how.values });
    const sourceProbe = await prober.probe(file);
    const wanted = makePlan(sourceProbe, settings, DEFAULT_TABLES);
    const plan = wanted.kind === 'skip' ? wanted : fitPlan(wanted, sourceProbe, { caps }, settings);
    if (plan.kind === 'skip') throw new Error(plan.reason);
    const { size, mtimeMs } = statSync(file);
    const grant: Grant = {
      ...{ task: 1, epoch: 1, file: 1, library: 1, path: path.basename(file), version: `${size}-${mtimeMs}` },
      ...{ size, plan, probe: sourceProbe, uselessAt: 1e9, priority: { nice: 0, ionice: 0 }, convertDamaged: false },
    };
    const converter = new Converter({
      ...{ processes, tools, caps: async () => caps, timelines: new Timelines(processes, tools) },
      chunkSeconds: how.seconds ?? 2,
      log: {
        info: () => undefined,
        debug: () => undefined,
        warn: (_: object, text: string) => warnings.push(text),
      } as never,
    });
    const seen: Progress[] = [];
    mkdirSync(path.dirname(place), { recursive: true });
    const work: ConverterWork = {
      folder: at,
      signal: how.signal ?? new AbortController().signal,
      report: (progress) => {
        seen.push(progress);
        how.report?.(progress);
      },
      ...(how.seconds !== 0 && { chunks: { folder: place, reserve: async () => () => undefined } }),
    };
    const conversion = await converter.convert(grant, file, work);
    return { conversion, seen, plan, sourceProbe, stored: seen.filter(({ chunks }) => chunks).map((p) => p.chunks) };
  };

  const result = async (...asked: Parameters<typeof convert>) => {
    const ended = await convert(...asked);
    if (ended.conversion.kind !== 'result') throw new Error(JSON.stringify(ended.conversion));
    return { ...ended, conversion: ended.conversion };
  };

  /** Converts a clip until so many chunks are done. */
  const interrupted = async (file: string, done: number) => {
    const stop = new AbortController();
    const report = ({ chunks }: Progress) => (chunks?.done ?? 0) >= done && stop.abort();
    const { conversion } = await convert(file, { signal: stop.signal, report });
    expect(conversion.kind).toBe('released');
    return readdirSync(place)
      .filter((name) => name.includes('-'))
      .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
      .map((name) => path.join(place, name));
  };
  return { place, warnings, convert, result, interrupted, folder };
}

const marks = (files: string[]) => files.map((file) => statSync(file).mtimeMs);

const KINDS = [
  { kind: 'H.264 with closed groups of pictures', name: 'closed.mkv', options: X264('closed') },
  { kind: 'H.264 with open groups of pictures', name: 'open.mkv', options: X264('open') },
  {
    kind: 'H.264 in MP4, which becomes MP4',
    name: 'open.mp4',
    options: X264('open'),
    values: { container: 'source' as const },
  },
  { kind: 'H.265', name: 'hevc.mkv', options: X265 },
  { kind: 'a variable frame rate in MP4', name: 'vfr.mp4', options: [...X264('closed'), ...VFR] },
  { kind: 'H.264 in a transport stream', name: 'open.ts', options: X264('open') },
  {
    kind: 'MPEG-2 in a transport stream',
    name: 'mpeg2.ts',
    options: ['-c:v', 'mpeg2video', '-g', '24', '-bf', '2', '-b:v', '1M'],
  },
  { kind: 'VP9 in WebM', name: 'vp9.webm', options: VP9 },
];
/** Those in which versions of ffmpeg are likeliest to differ: frames that refer across key frames, and seeking by decoding time. */
const DELICATE = ['open.mkv', 'open.ts'];

describe.each(FFMPEGS)('with $name', ({ tools, env, installed }) => {
  const kinds = installed ? KINDS : KINDS.filter(({ name }) => DELICATE.includes(name));
  it.each(kinds)('a video of $kind is the same in chunks as in one piece', async ({ name, options, values = {} }) => {
    const { result, warnings, folder } = await setUp(tools);
    const file = makeClip(path.join(folder, name), { seconds: 6, sound: true, options });
    const whole = await result(file, { seconds: 0, values });
    const chunked = await result(file, { values });
    expect(warnings).toEqual([]);
    expect(chunked.stored.at(-1)?.done).toBeGreaterThan(1);
    expect(chunked.stored.at(-1)?.done).toBe(chunked.stored.at(-1)?.total);

    const [one, many] = [whole.conversion.file, chunked.conversion.file];
    const video = look(many).streams.findIndex(({ codec_type }) => codec_type === 'video');
    const [due, seen] = [packetTimes(one, video), packetTimes(many, video)];
    expect(seen).toHaveLength(due.length);
    const farthest = Math.max(...seen.map((time, i) => Math.abs(time - (due[i] ?? 0))));
    expect(farthest).toBeLessThan(1e-6);
    expect(chunked.conversion.decodedFrames).toEqual(whole.conversion.decodedFrames);
    expect(chunked.conversion.damaged).toBe(false);
    const facts = (file: string) =>
      look(file).streams.map(({ tags: { DURATION, ...tags } = {}, ...stream }) => ({
        ...stream,
        ...{
          bit_rate: 0,
          duration: 0,
          duration_ts: 0,
          nb_frames: 0,
          // MP4 has none of its own: ffprobe guesses them from durations.
          ...(chunked.plan.container === 'mp4' && { avg_frame_rate: 0, r_frame_rate: 0 }),
          extradata_size: 0,
        },
        tags,
      }));
    expect(facts(many)).toEqual(facts(one));

    // It takes most of the time, and times, frames, and streams were compared above.
    if (!DELICATE.includes(name)) return;
    const check = await makeCheck(tools);
    await check.verifier.verify({
      ...{ source: file, sourceVersion: '1', sourceProbe: chunked.sourceProbe, plan: chunked.plan, seed: 1 },
      ...{ result: many, resultVersion: '1', captionLines: 0, decodedFrames: chunked.conversion.decodedFrames },
    });
  });

  it('chunks of an interrupted attempt are taken up, and only the rest is encoded', async () => {
    const { result, interrupted, folder } = await setUp(tools);
    const file = makeClip(path.join(folder, 'clip.mkv'), { seconds: 9, options: X264('open') });
    const files = await interrupted(file, 2);
    const before = marks(files);
    const { conversion, seen, stored } = await result(file);
    const first = seen.find(({ chunks }) => chunks);
    expect(first?.chunks?.done).toBe(2);
    expect(first?.share).toBeGreaterThan(0.4);
    expect(stored.at(-1)?.done).toBe(stored.at(-1)?.total);
    expect(marks(files)).toEqual(before);
    const shares = seen.flatMap(({ stage, share, chunks }) => (stage === 'encoding' && chunks ? (share ?? []) : []));
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(conversion.decodedFrames).toEqual([packetTimes(file, 0).length]);
  });

  it.runIf(installed)('a chunk whose file was damaged is encoded again', async () => {
    const { result, interrupted, folder } = await setUp(tools);
    const file = makeClip(path.join(folder, 'clip.mkv'), { seconds: 6, options: X264('closed') });
    const [first = '', second = ''] = await interrupted(file, 2);
    const content = readFileSync(first);
    content[content.length >> 1] = (content[content.length >> 1] ?? 0) ^ 1;
    writeFileSync(first, content);
    const [, kept] = marks([first, second]);
    const { seen } = await result(file);
    expect(seen.find(({ chunks }) => chunks)?.chunks?.done).toBe(1);
    expect(marks([second])).toEqual([kept]);
    // Matroska files have a random number.
    expect(statSync(first).size).toBe(content.length);
    expect(readFileSync(first)).not.toEqual(content);
  });

  it.runIf(installed && process.platform !== 'win32')(
    'chunks stay when the command that joins them is killed',
    async () => {
      const { PATH } = wrap('ffmpeg', `case "$*" in *"-f concat"*) kill -9 $$;; esac\nexec "$REAL" "$@"`, env);
      const killing = { ...tools, ffmpeg: path.join(PATH.split(path.delimiter)[0] ?? '', 'ffmpeg') };
      const { convert, warnings, folder, place } = await setUp(killing);
      const file = makeClip(path.join(folder, 'clip.mkv'), { seconds: 6, options: X264('closed') });
      for (const again of [false, true]) {
        const { conversion, stored } = await convert(file);
        expect(conversion).toMatchObject({ kind: 'failed', reason: expect.stringMatching(/killed from outside/) });
        expect(stored[0]?.done).toBe(again ? stored[0]?.total : 0);
      }
      expect(warnings).toEqual([]);
      expect(readdirSync(place).length).toBeGreaterThan(2);
    },
  );

  it.runIf(installed)(
    'a video that is encoded in one piece, as its frames have no times, keeps no chunks',
    async () => {
      const { result, place, folder } = await setUp(tools);
      const file = makeClip(path.join(folder, 'clip.avi'), {
        seconds: 6,
        options: ['-c:v', 'mpeg4', '-g', '24', '-c:a', 'mp3'],
      });
      const { stored } = await result(file);
      expect(stored).toEqual([]);
      expect(existsSync(place)).toBe(false);
    },
  );

  it.runIf(installed && process.platform !== 'win32')(
    'a video is encoded in one piece where a seek turns out to be wrong',
    async () => {
      const later = 'for a; do s=$a; [ "$before" = -ss ] && s=$((a + 3)); before=$a; set -- "$@" "$s"; shift; done';
      const { PATH } = wrap('ffmpeg', `if [ $encode = 1 ]; then ${later}; fi\nexec "$REAL" "$@"`, env);
      const { result, place, warnings, folder } = await setUp({
        ...tools,
        ffmpeg: path.join(PATH.split(path.delimiter)[0] ?? '', 'ffmpeg'),
      });
      const file = makeClip(path.join(folder, 'clip.mkv'), { seconds: 6, options: X264('closed') });
      const { conversion } = await result(file);
      expect(warnings).toEqual([expect.stringMatching(/can't be encoded in chunks.*instead of/)]);
      expect(conversion.decodedFrames).toEqual([packetTimes(file, 0).length]);
      expect(readdirSync(place)).toEqual(['chunks.json']);
      // The next attempt doesn't try again.
      const { stored } = await result(file);
      expect(stored).toEqual([]);
    },
  );
});

it('chunks of another setting are void, and removed', async () => {
  const { result, interrupted, folder } = await setUp(FFMPEGS[0]?.tools as Tools);
  const file = makeClip(path.join(folder, 'clip.mkv'), { seconds: 6, options: X264('closed') });
  const files = await interrupted(file, 2);
  const before = files.map((name) => readFileSync(name));
  const { seen } = await result(file, { values: { crf: 40 } });
  expect(seen.find(({ chunks }) => chunks)?.chunks?.done).toBe(0);
  for (const [i, name] of files.entries()) expect(readFileSync(name)).not.toEqual(before[i]);
});
