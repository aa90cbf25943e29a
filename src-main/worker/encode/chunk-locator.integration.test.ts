/** Chunks that are decoded from a file with holes, where only the bytes are that a helper fetches. */
import { closeSync, ftruncateSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { DEFAULT_TABLES } from '../../../src-shared/media/quality.ts';
import { type ChunkSource, chunkArgs, cutChunks, seekTime } from '../../../src-shared/plan/chunks.ts';
import { makePlan } from '../../../src-shared/plan/plan.ts';
import { timingArgs } from '../../../src-shared/plan/video-args.ts';
import { Settings } from '../../../src-shared/settings/settings.ts';
import { type ByteRange, bytesIn } from '../../../src-shared/util/byte-ranges.ts';
import { detectCapabilities, type Tools } from '../../media/ffmpeg/capabilities.ts';
import { readPartTimes } from '../../media/ffmpeg/part-times.ts';
import { ProcessManager } from '../../media/ffmpeg/process-manager.ts';
import { Timelines } from '../../media/ffmpeg/timeline.ts';
import { Prober } from '../../media/probe/ffprobe.ts';
import { makeClip } from '../../test/support/clips.ts';
import { FFMPEGS, shareOf } from '../../test/support/ffmpegs.ts';
import { tempFolder } from '../../test/support/temp.ts';
import { makeChunkLocator } from './chunk-locator.ts';
import { EncoderLog } from './encoder-log.ts';

const SECONDS = 24;
const X264 = (gop: 'open' | 'closed') => [
  ...['-preset', 'veryfast', '-x264-params'],
  `keyint=24:min-keyint=24:scenecut=0:bframes=3:open-gop=${gop === 'open' ? 1 : 0}`,
];
const VP9 = '-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 24 -b:v 400k -c:a libopus'.split(' ');

const CLIPS = [
  { name: 'open.mkv', options: X264('open') },
  { name: 'closed.mkv', options: [...X264('closed'), '-c:a', 'aac', '-cues_to_front', '1'] },
  { name: 'open.mp4', options: [...X264('open'), '-c:a', 'aac'] },
  { name: 'faststart.mp4', options: [...X264('closed'), '-movflags', '+faststart'] },
  { name: 'vp9.webm', options: VP9 },
];

async function setUp(tools: Tools) {
  const folder = tempFolder();
  const processes = await ProcessManager.create(path.join(folder, 'children'));
  const caps = await detectCapabilities(processes, tools);
  const timelines = new Timelines(processes, tools);
  const { signal } = new AbortController();

  /** What is known of a clip, and where its chunks lie. */
  const look = async (file: string) => {
    const probe = await new Prober(processes, tools, async () => caps).probe(file);
    const plan = makePlan(probe, Settings.parse({ minSavings: 0 }), DEFAULT_TABLES);
    if (plan.kind === 'skip') throw new Error(plan.reason);
    const timeline = await timelines.read(file, '1', probe);
    const line = timeline.get(0);
    if (!line?.times || !line.keys) throw new Error('it has no times');
    const source: ChunkSource = { demuxer: plan.demuxer, start: probe.start ?? 0, times: line.times, keys: line.keys };
    return { probe, plan, source, locate: await makeChunkLocator(file, source, { line, probe, timeline }) };
  };

  /** Hashes of the frames of a chunk, and what its decoder says of damage. */
  const decode = async ({ plan, probe, source }: Awaited<ReturnType<typeof look>>, input: string, from = 0, to = 0) => {
    const chunk = { from, to: to || source.times.length };
    const args = chunkArgs(plan, source, chunk, { input, output: '' }, { caps });
    const trim = args.join(' ').match(/trim=start=[\d.]+/)?.[0] ?? 'null';
    const frames = chunk.to < source.times.length ? ['-frames:v', String(chunk.to - from)] : [];
    const output = ['-map', '0:0', '-vf', trim, ...timingArgs(caps), ...frames, '-f', 'framemd5', '-'];
    const { stdout, stderr } = await execa(tools.ffmpeg, [...args.slice(0, args.indexOf('-map')), ...output]);
    const log = new EncoderLog(probe, { seeks: from > 0 });
    for (const text of stderr.split('\n')) log.add(text);
    const hashes = stdout.split('\n').filter((text) => /^\d/.test(text));
    return { hashes: hashes.map((text) => text.split(',').at(-1)?.trim()), damage: log.damage };
  };

  const timesIn = (file: string, { demuxer, start, times }: ChunkSource, from: number, to: number) => {
    const seek = seekTime({ demuxer, start, times, keys: times }, from) + start;
    const part = { demuxer, stream: 0, seek, begin: times[from] ?? 0, end: times[to] };
    return readPartTimes({ processes, tools }, file, part, signal);
  };
  return { folder, look, decode, timesIn };
}

/** Copies these bytes of a file to the same places of another one. */
function copyRanges(from: string, to: string, ranges: readonly ByteRange[]): string {
  const [source, target] = [openSync(from, 'r'), openSync(to, 'w')];
  ftruncateSync(target, statSync(from).size);
  for (const [begin, end] of ranges) {
    const data = Buffer.alloc(end - begin);
    readSync(source, data, 0, data.length, begin);
    writeSync(target, data, 0, data.length, begin);
  }
  closeSync(source);
  closeSync(target);
  return to;
}

describe.each(FFMPEGS)('a chunk in a file with holes, with $name', (ffmpeg) => {
  const { tools } = ffmpeg;

  it.each(shareOf(ffmpeg, CLIPS))('has all frames and times of the whole: $name', async ({ name, options }) => {
    const { folder, look, decode, timesIn } = await setUp(tools);
    const clip = makeClip(path.join(folder, name), { seconds: SECONDS, options });
    const { size } = statSync(clip);
    const known = await look(clip);
    const whole = await decode(known, clip);
    const chunks = cutChunks(known.source, 0, 5);
    expect(chunks.length).toBeGreaterThanOrEqual(4);
    for (const chunk of [chunks[1], chunks.at(-1)]) {
      const { from, to } = chunk ?? { from: 0, to: 0 };
      const ranges = known.locate({ from, to })?.ranges ?? [];
      expect(bytesIn(ranges) / size).toBeLessThan(0.6);
      const part = copyRanges(clip, path.join(folder, `part-${from}-${name}`), ranges);
      expect(await decode(known, part, from, to)).toEqual({ hashes: whole.hashes.slice(from, to), damage: undefined });
      expect(await timesIn(part, known.source, from, to)).toEqual(known.source.times.slice(from, to));
    }
  });
});
