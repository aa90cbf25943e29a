import { describe, expect, it } from 'vitest';
import type { Capabilities } from '../fleet/worker-info.ts';
import type { Probe } from '../media/probe.ts';
import {
  type ChunkSource,
  chunkArgs,
  chunkMuxer,
  chunkSeconds,
  cutChunks,
  isChunkOf,
  isOff,
  isTableOf,
  joinChunks,
  seekTime,
  sharedSeconds,
  whyNotChunk,
  whyWhole,
} from './chunks.ts';
import type { Plan } from './plan.ts';
import type { VideoEncode } from './stream-plan.ts';

const CAPS = { version: '7.1.5', svtav1: 'SVT-AV1 2.3.0', fpsMode: true, demuxTimeBase: true } as Capabilities;
const VIDEO: VideoEncode = {
  ...{ action: 'encode', type: 'video', source: 0, from: '', to: '' },
  ...{ preset: 8, crf: 35, keyint: 240, width: 1280, height: 720, colour: {} },
};

const planOf = (over: Partial<VideoEncode> = {}, rest: Partial<Plan> = {}): Plan => ({
  ...{ kind: 'convert', demuxer: 'matroska', container: 'mkv', streams: [{ ...VIDEO, ...over }] },
  ...rest,
});
const probeOf = (codec: string) => ({ streams: [{ type: 'video', index: 0, codec }] }) as unknown as Probe;

/** Frames of a minute or more, with a key frame every few seconds, in a file that begins at `start`. */
function sourceOf({ seconds = 60, gop = 2, fps = 25, start = 0, demuxer = 'matroska' } = {}): ChunkSource {
  const times = Float64Array.from({ length: seconds * fps }, (_, i) => start + i / fps);
  return { demuxer, start, times, keys: times.filter((_, i) => i % (gop * fps) === 0) };
}

const lineOf = ({ times, keys }: ChunkSource) => ({ count: times.length, times, keys, timed: true });

describe('whyWhole', () => {
  const line = lineOf(sourceOf());

  it('finds nothing against videos in which seeking is exact', () => {
    for (const codec of ['h264', 'hevc', 'vp8', 'vp9', 'av1', 'mpeg2video'])
      for (const demuxer of ['matroska', 'mov', 'mpegts'] as const)
        expect(whyWhole(planOf({}, { demuxer }), probeOf(codec), line)).toBeUndefined();
  });

  it('names what keeps a video in one piece', () => {
    const of = (plan: Plan, codec = 'h264', over: Partial<typeof line> = {}) =>
      whyWhole(plan, probeOf(codec), { ...line, ...over });
    expect(of(planOf({}, { demuxer: 'avi' }))).toMatch(/Seeking/);
    expect(of(planOf({}, { demuxer: 'mpeg' }), 'mpeg2video')).toMatch(/Seeking/);
    expect(of(planOf(), 'mpeg4')).toMatch(/Seeking/);
    expect(of(planOf({ deinterlace: 'flagged' }))).toMatch(/Deinterlacing/);
    expect(of(planOf({ dolbyVision: 1 }))).toMatch(/Dolby Vision/);
    expect(of(planOf({}, { streams: [VIDEO, { ...VIDEO, source: 1 }] }))).toMatch(/several/);
    expect(of(planOf(), 'h264', { timed: false })).toMatch(/no times/);
    expect(of(planOf(), 'h264', { times: line.times.map((time, i) => (i === 9 ? time + 0.04 : time)) })).toMatch(
      /share/,
    );
    expect(of(planOf(), 'h264', { keys: line.keys.slice(1) })).toMatch(/between key frames/);
    expect(whyWhole(planOf(), probeOf('h264'), undefined)).toMatch(/no times/);
  });
});

describe('cutChunks', () => {
  it('splits at key frames into chunks of the length or a little more, and leaves no short one at the end', () => {
    const source = sourceOf({ seconds: 100, gop: 4 });
    const chunks = cutChunks(source, 0, 30);
    expect(chunks).toEqual([
      { from: 0, to: 800 },
      { from: 800, to: 1600 },
      { from: 1600, to: 2500 },
    ]);
    expect(isTableOf(chunks, source)).toBe(true);
    expect(cutChunks(source, 800, 60)).toEqual([{ from: 800, to: 2500 }]);
  });

  it('leaves a video whole whose only key frame is the first', () => {
    const source = { ...sourceOf(), keys: Float64Array.of(0) };
    expect(cutChunks(source, 0, 10)).toEqual([{ from: 0, to: 1500 }]);
  });

  it('counts frames by when they are shown: those that are stored behind a key frame but shown before it belong to the chunk before', () => {
    const { times } = sourceOf({ seconds: 4 });
    const keys = Float64Array.of(times[0] ?? 0, times[53] ?? 0);
    expect(cutChunks({ demuxer: 'matroska', start: 0, times, keys }, 0, 2)[0]).toEqual({ from: 0, to: 53 });
  });
});

describe('isTableOf', () => {
  it('refuses holes, overlaps, missing ends, and chunks that begin between key frames', () => {
    const source = sourceOf();
    expect(isTableOf([], source)).toBe(false);
    expect(isTableOf([{ from: 0, to: 1500 }], source)).toBe(true);
    expect(
      isTableOf(
        [
          { from: 0, to: 50 },
          { from: 100, to: 1500 },
        ],
        source,
      ),
    ).toBe(false);
    expect(
      isTableOf(
        [
          { from: 0, to: 50 },
          { from: 50, to: 1400 },
        ],
        source,
      ),
    ).toBe(false);
    expect(
      isTableOf(
        [
          { from: 0, to: 51 },
          { from: 51, to: 1500 },
        ],
        source,
      ),
    ).toBe(false);
  });
});

it('isChunkOf refuses chunks that begin or end between key frames, or beyond the end', () => {
  const source = sourceOf({ seconds: 10 });
  for (const [from, to] of [
    [0, 50],
    [50, 200],
    [200, 250],
  ] as const)
    expect(isChunkOf({ from, to }, source)).toBe(true);
  for (const [from, to] of [
    [1, 50],
    [0, 49],
    [50, 50],
    [100, 50],
    [200, 251],
    [250, 300],
  ] as const)
    expect(isChunkOf({ from, to }, source)).toBe(false);
});

describe('seekTime', () => {
  it('is a whole second before the frame, and the first of the file for its beginning', () => {
    const source = sourceOf({ start: 1.4 });
    expect(seekTime(source, 250)).toBe(9);
    expect(seekTime(source, 10)).toBe(0);
  });

  it('is a group of pictures earlier in transport streams', () => {
    expect(seekTime(sourceOf({ demuxer: 'mpegts' }), 250)).toBe(7);
  });
});

it('sharedSeconds makes chunks shorter where the rest of a video would not keep all computers busy', () => {
  expect(sharedSeconds(120, 7200, 3)).toBe(120);
  expect(sharedSeconds(120, 240, 2)).toBe(60);
  expect(sharedSeconds(120, 100, 2)).toBe(30);
  expect(sharedSeconds(120, 100, 1)).toBe(120);
});

it('chunkSeconds gives two minutes of work, and 30 s of video at least', () => {
  expect(chunkSeconds(undefined)).toBe(30);
  expect(chunkSeconds(0.1)).toBe(30);
  expect(chunkSeconds(2)).toBe(240);
  expect(isOff(30, 40)).toBe(false);
  expect([isOff(30, 60), isOff(60, 30)]).toEqual([true, true]);
});

describe('chunkArgs', () => {
  const args = (from: number, to: number, plan = planOf()) =>
    chunkArgs(plan, sourceOf(), { from, to }, { input: '/in.mkv', output: '/out' }, { caps: CAPS }).join(' ');

  it('reads from the key frame before, leaves out what is before the chunk, and stops after its frames', () => {
    const input = '-protocol_whitelist file -f matroska -i file:/in.mkv';
    expect(args(500, 800)).toContain(`-copyts -noaccurate_seek -itsoffset 0.000000 -ss 19 ${input}`);
    expect(args(500, 800)).toContain('-filter:v:0 trim=start=19.999000 -frames:v 300 -f matroska file:/out');
  });

  it('neither seeks for the first chunk nor counts the frames of the last', () => {
    expect(args(0, 500)).not.toMatch(/-ss|trim/);
    expect(args(500, 1500)).not.toContain('-frames');
  });

  it('counts from the first time of the file, also where ffmpeg would count from that of the pictures', () => {
    const of = (demuxer: 'matroska' | 'mpegts') =>
      chunkArgs(
        planOf(),
        sourceOf({ start: 1.4, demuxer }),
        { from: 0, to: 9 },
        { input: '', output: '' },
        { caps: CAPS },
      );
    expect(of('matroska').join(' ')).toContain('-itsoffset -1.400000');
    expect(of('mpegts').join(' ')).toContain('-itsoffset -1.399999');
  });

  it('is MP4 for a result in MP4, and for a base layer without its Dolby Vision record', () => {
    expect(chunkMuxer(planOf())).toBe('matroska');
    expect(chunkMuxer(planOf({}, { container: 'webm' }))).toBe('matroska');
    expect(chunkMuxer(planOf({}, { container: 'mp4' }))).toBe('mp4');
    expect(chunkMuxer(planOf({ baseLayer: true }))).toBe('mp4');
  });
});

describe('whyNotChunk', () => {
  const source = sourceOf({ start: 1.4 });
  const chunk = { from: 250, to: 300 };
  const seen = Array.from({ length: 50 }, (_, i) => 10 + i / 25);

  it('takes times that round differently', () => {
    expect(whyNotChunk(source, chunk, seen)).toBeUndefined();
    const rounded = seen.map((time) => time + 0.001);
    expect(whyNotChunk(source, chunk, rounded)).toBeUndefined();
  });

  it('refuses missing frames, a beginning one frame late, and frames in the wrong place', () => {
    const why = (times: number[]) => whyNotChunk(source, chunk, times);
    expect(why(seen.slice(1))).toBe('It has 49 frames instead of 50.');
    expect(why(seen.map((time) => time + 0.04))).toBe('Frame 0 of it is at 10.040 s instead of 10.000 s.');
    expect(why(seen.map((time, i) => (i === 30 ? time + 0.01 : time)))).toMatch(/^Frame 30 of it/);
  });
});

describe('joinChunks', () => {
  const source = sourceOf({ start: 1.4 });
  const chunks = [
    { from: 0, to: 250, file: '/tmp/a', first: 0.023 },
    { from: 250, to: 1500, file: "/tmp/it's", first: 10.001 },
  ];

  it('places each chunk where its own clock says', () => {
    expect(joinChunks(source, chunks, 'matroska')).toEqual({
      list: "ffconcat version 1.0\nfile 'file:/tmp/a'\nduration 9.978000\nfile 'file:/tmp/it'\\''s'\n",
      offset: 0.023,
    });
  });

  it("places chunks in MP4 where the source's clock says, as theirs is rounded", () => {
    const { list, offset } = joinChunks(source, chunks, 'mp4');
    expect(list).toContain('duration 10.000000');
    expect(offset).toBe(0);
  });
});
