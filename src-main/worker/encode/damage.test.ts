import { expect, it } from 'vitest';
import type { Probe } from '../../../src-shared/media/probe.ts';
import type { StreamTimeline } from '../../media/ffmpeg/timeline.ts';
import { isNegligible } from './damage.ts';
import { EncoderLog } from './encoder-log.ts';

const PROBE: Probe = {
  format: 'mpegts',
  streams: [
    { index: 0, type: 'video', codec: 'h264', width: 320, height: 180 },
    { index: 1, type: 'audio', codec: 'mp3', channels: 2 },
    { index: 2, type: 'audio', codec: 'ac3', channels: 2 },
  ],
  chapters: 0,
};
const sound: StreamTimeline = { count: 400, first: 0, last: 9.975, end: 10, covered: 10, timed: true };

/** Ten seconds of 25 pictures each, of which the first `lead` are shown before the first key frame. */
function timeline(lead = 0) {
  const times = Float64Array.from({ length: 250 }, (_, i) => i / 25);
  const video = { count: 250, first: 0, last: 9.96, end: 10, covered: 10, timed: true, times, keys: times.slice(lead) };
  return new Map<number, StreamTimeline>([
    [0, video],
    [1, sound],
    [2, sound],
  ]);
}

const FIRST_PICTURE =
  '[graph 0 input from stream 0:0 @ 0x1] [verbose] w:320 h:180 pixfmt:yuv420p tb:1/90000 fr:25/1 sar:1/1';
const FIRST_PICTURE_7 =
  '[graph -1 input from stream 0:0 @ 0x1] [verbose] w:320 h:180 pixfmt:yuv420p tb:1/90000 fr:25/1';
const FIRST_SOUND = '[graph_1_in_0_1 @ 0x1] [verbose] tb:1/44100 samplefmt:s16p samplerate:44100 chlayout:mono';
const FIRST_SOUND_7 = '[graph_-1_in_0:1 @ 0x1] [verbose] tb:1/44100 samplefmt:s16p samplerate:44100 chlayout:mono';
const UNDECODED = '[h264 @ 0x1] [error] non-existing PPS 0 referenced';
const decoded = (frames: number) =>
  `[verbose]   Input stream #0:0 (video): 250 packets read (1 bytes); ${frames} frames decoded; `;
const times = <T>(n: number, what: T): T[] => Array.from({ length: n }, () => what);

it.each<[string, string[], lead: number, lost: number]>([
  ['nothing', [FIRST_PICTURE, FIRST_SOUND], 0, 0],
  [
    'one packet of sound, as ffmpeg 5.1 says it',
    [FIRST_SOUND, '[mp3float @ 0x1] [error] Header missing', '[error] Error while decoding stream #0:1: Invalid data'],
    0,
    0.025,
  ],
  [
    'one packet of sound, as ffmpeg 7 says it',
    [
      FIRST_SOUND_7,
      '[mp3float @ 0x1] [error] Header missing',
      '[aist#0:1/mp3 @ 0x1] [dec:mp3float @ 0x2] [error] Error submitting packet to decoder: Invalid data',
    ],
    0,
    0.025,
  ],
  [
    'damaged pictures, as ffmpeg 5.1 says it',
    [
      FIRST_PICTURE,
      ...times(5, '[warning] file:a.ts: corrupt decoded frame in stream 0'),
      '[h264 @ 0x1] [error] bytestream',
    ],
    0,
    0.2,
  ],
  [
    'damaged pictures, as ffmpeg 7 says it',
    [
      FIRST_PICTURE_7,
      ...times(5, '[vist#0:0/h264 @ 0x1] [dec:h264 @ 0x2] [warning] corrupt decoded frame'),
      '[h264 @ 0x1] [error] bytestream',
    ],
    0,
    0.2,
  ],
  ['sentences of a decoder alone', [FIRST_PICTURE, ...times(10, UNDECODED)], 0, 0.4],
  ['nothing before the first key frame of a cut', [...times(99, UNDECODED), FIRST_PICTURE, decoded(200)], 50, 0],
  ['nothing where each packet holds one field', [...times(99, UNDECODED), FIRST_PICTURE, decoded(100)], 50, 0],
  ['what is missing after that, too', [...times(99, UNDECODED), FIRST_PICTURE, decoded(80)], 50, 4.16],
  [
    'what cannot be decoded at the beginning of what is whole',
    [...times(99, UNDECODED), FIRST_PICTURE, decoded(200)],
    0,
    3.96,
  ],
  [
    'what cannot be told: a container that cannot be taken apart',
    ['[matroska,webm @ 0x1] [error] File ended prematurely'],
    0,
    Number.POSITIVE_INFINITY,
  ],
])('loses %s', (_, lines, lead, lost) => {
  const log = new EncoderLog(PROBE);
  for (const line of [...lines, '[ac3 @ 0x1] [warning] no error']) log.add(line);
  expect(log.lostSeconds(timeline(lead))).toBeCloseTo(lost, 5);
});

it('tells the layouts of sound in the order they came in', () => {
  const log = new EncoderLog(PROBE);
  for (const layout of ['stereo', '5.1(side)', 'stereo'])
    log.add(`[graph_0_in_0_2 @ 0x1] [verbose] tb:1/48000 samplefmt:fltp samplerate:48000 chlayout:${layout}`);
  log.add('[graph_-1_in_0:1 @ 0x1] [verbose] tb:1/48000 samplefmt:fltp samplerate:48000 chlayout:mono');
  expect([log.layouts(1), log.layouts(2)]).toEqual([['mono'], ['stereo', '5.1(side)']]);
});

it.each([
  [0.026, 7200, true],
  [1, 7200, true],
  [1.1, 7200, false],
  [0.25, 6, true],
  [0.3, 6, false],
  [0.5, 50, true],
  [Number.POSITIVE_INFINITY, 7200, false],
])('%d s of %d s are negligible: %s', (lost, length, negligible) => {
  expect(isNegligible(lost, length)).toBe(negligible);
});
