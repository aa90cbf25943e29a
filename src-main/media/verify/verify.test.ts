import { describe, expect, it } from 'vitest';
import type { AudioStream, Probe, Stream, VideoStream } from '../../../src-shared/media/probe.ts';
import { DEFAULT_TABLES } from '../../../src-shared/media/quality.ts';
import { resultStreams } from '../../../src-shared/plan/ffmpeg-args.ts';
import { makePlan, type Plan } from '../../../src-shared/plan/plan.ts';
import { resolveSettings } from '../../../src-shared/settings/settings.ts';
import type { StreamTimeline, Timeline } from '../ffmpeg/timeline.ts';
import { checkDisabled } from './streams/check-inventory.ts';
import { checkStreams } from './streams/check-streams.ts';
import { checkTimes } from './streams/check-times.ts';
import { VerificationError } from './verify-request.ts';

const mastering = {
  red: [0.68, 0.32] as [number, number],
  green: [0.265, 0.69] as [number, number],
  blue: [0.15, 0.06] as [number, number],
  white: [0.3127, 0.329] as [number, number],
  maxLuminance: 1000,
  minLuminance: 0.005,
};
const colour = { range: 'tv', matrix: 'bt2020nc', transfer: 'smpte2084', primaries: 'bt2020' };

const SOURCE: Probe = {
  format: 'matroska,webm',
  title: 'Film',
  duration: 10,
  chapters: 2,
  streams: [
    {
      ...{ index: 0, type: 'video', codec: 'hevc', width: 1920, height: 1080, pixelFormat: 'yuv420p10le' },
      ...{ frameRate: 24, dispositions: ['default'], colour, mastering },
      contentLight: { maxCll: 1000, maxFall: 400 },
    },
    {
      ...{ index: 1, type: 'audio', codec: 'ac3', channels: 6, layout: '5.1(side)', language: 'eng' },
      ...{ title: 'Surround', dispositions: ['default', 'original'] },
    },
    { index: 2, type: 'audio', codec: 'opus', channels: 2, layout: 'stereo', dispositions: ['comment'] },
    { index: 3, type: 'subtitle', codec: 'mov_text', language: 'fre', dispositions: ['forced'] },
    { index: 4, type: 'data', tag: 'tmcd' },
    { index: 5, type: 'cover', codec: 'mjpeg' },
    { index: 6, type: 'attachment', filename: 'font.ttf', mimetype: 'font/ttf' },
  ],
};

const made = makePlan(SOURCE, resolveSettings({}).values, DEFAULT_TABLES);
if (made.kind === 'skip') throw new Error(made.reason);
const PLAN: Plan = made;

/** What a right result of {@link SOURCE} is, before `change` spoils it. */
function result(change: (streams: Stream[], probe: Probe) => void = () => undefined): Probe {
  const [video, sound, opus, text, , cover, font] = structuredClone(SOURCE.streams);
  const streams = [
    { ...video, codec: 'av1' },
    { ...sound, codec: 'opus', layout: '5.1' },
    opus,
    { ...text, codec: 'subrip' },
    font,
    cover,
  ] as Stream[];
  streams.forEach((stream, index) => {
    stream.index = index;
  });
  const probe: Probe = { ...SOURCE, streams };
  change(streams, probe);
  return probe;
}
const video = (streams: Stream[]) => streams[0] as VideoStream;
const sound = (streams: Stream[]) => streams[1] as AudioStream;

describe('checkDisabled', () => {
  it('refuses a track that is switched on and was off, and the other way round', () => {
    const check = (before: number[], after: number[]) => () =>
      checkDisabled(resultStreams(PLAN), new Set(before), new Set(after));
    // A track that is left out is not in the result.
    expect(check([1, 4], [1])).not.toThrow();
    expect(check([1], [])).toThrow(/switched on/);
    expect(check([], [1])).toThrow(/switched off/);
  });
});

describe('checkStreams', () => {
  it('lets a right result pass', () => {
    expect(() => checkStreams(PLAN, SOURCE, result())).not.toThrow();
  });

  it('forgives what fixed point rounds, and a title that the encoder adds', () => {
    const rounded = result((streams) => {
      Object.assign(video(streams), { mastering: { ...mastering, red: [0.68001, 0.31999], minLuminance: 0.00501 } });
      Object.assign(streams[2] as Stream, { title: 'Stereo' });
    });
    expect(() => checkStreams(PLAN, SOURCE, rounded)).not.toThrow();
  });

  it('wants the Dolby Vision profile that the plan keeps', () => {
    const [first, ...rest] = PLAN.streams;
    const kept = { ...PLAN, streams: [{ ...first, dolbyVision: 1 }, ...rest] } as Plan;
    const as = (dolbyVision?: VideoStream['dolbyVision']) => () =>
      checkStreams(
        kept,
        SOURCE,
        result((streams) => Object.assign(video(streams), { dolbyVision })),
      );
    expect(as({ profile: 10, compatibility: 1 })).not.toThrow();
    for (const other of [undefined, { profile: 10, compatibility: 4 }, { profile: 8, compatibility: 1 }])
      expect(as(other)).toThrow(/profile ".*" instead of "10\.1"/);
  });

  const wrong: [what: string, change: Parameters<typeof result>[0], reason: RegExp][] = [
    ['a lost stream', (s) => s.splice(3, 1), /holds video, audio, audio, attachment, cover instead of/],
    ['a stream too many', (s) => s.push({ index: 6, type: 'data' }), /cover, data instead of/],
    ['streams in another order', (s) => s.reverse(), /instead of/],
    ['a lost chapter', (_, probe) => Object.assign(probe, { chapters: 1 }), /has 1 chapters instead of 2/],
    ['another title of the file', (_, probe) => Object.assign(probe, { title: 'Show' }), /"Show" instead of "Film"/],
    ['another language', (s) => Object.assign(sound(s), { language: 'ger' }), /language "ger" instead of "eng"/],
    ['a lost language', (s) => Object.assign(sound(s), { language: undefined }), /language "none" instead of "eng"/],
    ['a language from nowhere', (s) => Object.assign(s[2] as Stream, { language: 'eng' }), /"eng" instead of "none"/],
    ['a lost title', (s) => Object.assign(sound(s), { title: undefined }), /title "none" instead of "Surround"/],
    [
      'a default flag from nowhere',
      (s) => Object.assign(s[2] as Stream, { dispositions: ['default', 'comment'] }),
      /flags/,
    ],
    ['a lost forced flag', (s) => Object.assign(s[3] as Stream, { dispositions: [] }), /flags "" instead of "forced"/],
    [
      'a video codec that is not AV1',
      (s) => Object.assign(video(s), { codec: 'hevc' }),
      /codec "hevc" instead of "av1"/,
    ],
    ['sound that is not Opus', (s) => Object.assign(sound(s), { codec: 'ac3' }), /codec "ac3" instead of "opus"/],
    [
      'text that is not SubRip',
      (s) => Object.assign(s[3] as Stream, { codec: 'ass' }),
      /codec "ass" instead of "subrip"/,
    ],
    ['lost channels', (s) => Object.assign(sound(s), { channels: 2, layout: 'stereo' }), /channels "2" instead of "6"/],
    ['another layout', (s) => Object.assign(sound(s), { layout: '5.1(side)' }), /layout/],
    ['lost channels of a copy', (s) => Object.assign(s[2] as Stream, { channels: 1 }), /channels "1" instead of "2"/],
    ['another size', (s) => Object.assign(video(s), { height: 1088 }), /size "1920x1088" instead of "1920x1080"/],
    ['8 bits', (s) => Object.assign(video(s), { pixelFormat: 'yuv420p' }), /pixel format/],
    ['a rotation', (s) => Object.assign(video(s), { rotation: 90 }), /rotation/],
    [
      'a Dolby Vision record',
      (s) => Object.assign(video(s), { dolbyVision: { profile: 8, compatibility: 1 } }),
      /Dolby/,
    ],
    [
      'another transfer',
      (s) => Object.assign(video(s), { colour: { ...colour, transfer: 'bt709' } }),
      /color transfer/,
    ],
    ['no colour', (s) => Object.assign(video(s), { colour: undefined }), /color range "none" instead of "tv"/],
    ['no mastering display', (s) => Object.assign(video(s), { mastering: undefined }), /mastering display/],
    [
      'a clamped one',
      (s) => Object.assign(video(s), { mastering: { ...mastering, maxLuminance: 65_535 } }),
      /mastering/,
    ],
    ['no content light', (s) => Object.assign(video(s), { contentLight: undefined }), /content light/],
    ['another', (s) => Object.assign(video(s), { contentLight: { maxCll: 999, maxFall: 400 } }), /content light/],
  ];
  it.for(wrong)('refuses %s', ([, change, reason]) => {
    expect(() => checkStreams(PLAN, SOURCE, result(change))).toThrow(VerificationError);
    expect(() => checkStreams(PLAN, SOURCE, result(change))).toThrow(reason);
  });
});

/** A stream whose packets are shown at these times. */
function shown(times: number[], duration: number, more: Partial<StreamTimeline> = {}): StreamTimeline {
  const [first = 0, last = 0] = [times[0], times.at(-1)];
  const covered = times.length * duration;
  return { count: times.length, first, last, end: last + duration, covered, timed: true, ...more };
}
const every = (step: number, count: number, from = 0) => Array.from({ length: count }, (_, i) => from + i * step);
const pictures = (times: number[], more: Partial<StreamTimeline> = {}) =>
  shown(times, 1 / 24, { times: Float64Array.from(times), ...more });

const FRAMES = every(1 / 24, 240);
const sourceTimes: Timeline = new Map([
  [0, pictures(FRAMES)],
  [1, shown(every(0.032, 313), 0.032)],
  [2, shown(every(0.02, 500), 0.02)],
  [3, shown([1, 5], 2)],
]);
/** Times of a right result, before `change` spoils them. */
function resultTimes(change: (timeline: Map<number, StreamTimeline>) => void = () => undefined): Timeline {
  const timeline = new Map([
    [0, pictures(FRAMES)],
    [1, shown(every(0.02, 501), 0.02)],
    [2, shown(every(0.02, 500), 0.02)],
    [3, shown([1, 5], 2)],
  ]);
  change(timeline);
  return timeline;
}
const check = (timeline: Timeline, decodedFrames = [240], source: Timeline = sourceTimes) =>
  checkTimes({ plan: PLAN, sourceProbe: SOURCE, decodedFrames, captionLines: 0 }, source, timeline);
const moved = (times: number[], by: number) => times.map((time) => time + by);

describe('checkTimes', () => {
  it('lets a right result pass, also one whose whole clock is ahead', () => {
    expect(() => check(resultTimes())).not.toThrow();
    const ahead = resultTimes((t) => {
      t.set(0, pictures(moved(FRAMES, 0.007)));
      for (const index of [1, 2]) {
        const line = t.get(index) as StreamTimeline;
        t.set(index, { ...line, first: line.first + 0.007, last: line.last + 0.007, end: line.end + 0.007 });
      }
    });
    expect(() => check(ahead)).not.toThrow();
  });

  it('forgives half a millisecond on either side', () => {
    const rounded = FRAMES.map((time) => Math.round(time * 1000) / 1000);
    expect(() => check(resultTimes((t) => t.set(0, pictures(rounded))))).not.toThrow();
  });

  const set = (index: number, line: StreamTimeline) => (t: Map<number, StreamTimeline>) => t.set(index, line);
  const wrong: [what: string, change: Parameters<typeof resultTimes>[0], reason: RegExp][] = [
    ['a lost frame', set(0, pictures(FRAMES.slice(0, -1))), /has 239 frames, but 240 were decoded/],
    ['a frame at another time', set(0, pictures(FRAMES.with(100, 4.18))), /shown 13 ms away/],
    ['a picture that drifts', set(0, pictures(FRAMES.map((t) => t * 1.001))), /shown \d+ ms away/],
    ['a picture without frames', set(0, pictures([])), /has no pictures/],
    ['a track that is not there', (t) => t.delete(1), /is empty/],
    ['sound that comes late', set(1, shown(every(0.02, 501, 0.06), 0.02)), /begins 60 ms away/],
    ['sound that comes early', set(1, shown(every(0.02, 501, -0.06), 0.02)), /begins -60 ms away/],
    ['sound that ends early', set(1, shown(every(0.02, 480), 0.02)), /ends -416 ms away/],
    ['sound with a hole', set(1, shown(every(0.02, 501), 0.02, { covered: 9.5 })), /lacks 0\.52 s of sound/],
    [
      'a lost packet of a copy',
      set(2, shown(every(0.02, 500), 0.02, { count: 499 })),
      /has 499 packets instead of 500/,
    ],
  ];
  it.for(wrong)('refuses %s', ([, change, reason]) => {
    expect(() => check(resultTimes(change))).toThrow(VerificationError);
    expect(() => check(resultTimes(change))).toThrow(reason);
  });

  it('rejects sound that was not shifted together with the picture', () => {
    expect(() => check(resultTimes(set(0, pictures(moved(FRAMES, 0.1)))))).toThrow(/begins -100 ms away/);
  });

  it('learns by how much the clock was moved before it compares sound that stands before the pictures', () => {
    const soundFirst: Plan = { ...PLAN, streams: PLAN.streams.filter((s) => s.source < 2).reverse() };
    const asked = { plan: soundFirst, sourceProbe: SOURCE, decodedFrames: [240], captionLines: 0 };
    const clock = (by: number, picture: number, sound: number): Timeline =>
      new Map([
        [picture, pictures(moved(FRAMES, by))],
        [sound, shown(every(0.02, 500, by), 0.02)],
      ]);
    expect(checkTimes(asked, clock(3883, 0, 1), clock(0, 1, 0))).toBeCloseTo(-3883, 3);
  });

  it('lets fewer frames pass where each packet holds one field', () => {
    const fields: Timeline = new Map([...sourceTimes, [0, pictures(every(1 / 48, 480))]]);
    expect(() => check(resultTimes(), [240], fields)).not.toThrow();
  });

  it('counts on number and span alone where packets have no times of their own', () => {
    const untimed: Timeline = new Map([...sourceTimes, [0, pictures(FRAMES, { timed: false })]]);
    const reordered = FRAMES.map((time, i) => (i === 0 ? time : time + 1 / 24));
    expect(() => check(resultTimes(set(0, pictures(reordered))), [240], untimed)).not.toThrow();
    expect(() => check(resultTimes(set(0, pictures(FRAMES.with(5, FRAMES[4] ?? 0)))), [240], untimed)).toThrow(
      /share one time/,
    );
    expect(() => check(resultTimes(set(0, pictures(FRAMES.map((t) => t * 1.1)))), [240], untimed)).toThrow(
      /1\.00 s longer/,
    );
  });
});
