import { describe, expect, it } from 'vitest';
import { AudioTable, DEFAULT_TABLES, lookupAudioKbps, lookupCrf, QualityTable, resolutionOf } from './quality.ts';

describe('resolutionOf', () => {
  it.each([
    [1920, 800, '1080p'],
    [1080, 1920, '1080p'],
    [1440, 1080, '1080p'],
    [720, 576, 'SD'],
    [1280, 534, '720p'],
    [3840, 1600, '4K'],
    [1920, 1080, '1080p'],
    [1280, 720, '720p'],
    [2560, 1440, '1440p'],
    [4096, 2160, '4K'],
    [854, 480, 'SD'],
    // Each limit and the size just below it, by the long side and by the short one.
    [3600, 100, '4K'],
    [3599, 100, '1440p'],
    [2030, 2030, '4K'],
    [2029, 2029, '1440p'],
    [2400, 100, '1440p'],
    [2399, 100, '1080p'],
    [1350, 1350, '1440p'],
    [1349, 1349, '1080p'],
    [1800, 100, '1080p'],
    [1799, 100, '720p'],
    [1010, 1010, '1080p'],
    [1009, 1009, '720p'],
    [1200, 100, '720p'],
    [1199, 100, 'SD'],
    [675, 675, '720p'],
    [674, 674, 'SD'],
  ])('%ix%i is %s, upright or not', (width, height, resolution) => {
    expect(resolutionOf(width, height)).toBe(resolution);
    expect(resolutionOf(height, width)).toBe(resolution);
  });
});

describe('lookupCrf', () => {
  it.each([
    [720, 576, 28, 30, 35],
    [1280, 534, 26, 28, 33],
    [1920, 800, 24, 26, 31],
    [2560, 1440, 22, 24, 29],
    [3840, 1600, 20, 22, 27],
  ])('%ix%i: %i from H.264, %i from HEVC, %i from AV1', (width, height, x264, x265, av1) => {
    const crf = (codec: string) => lookupCrf(DEFAULT_TABLES.quality, width, height, codec);
    expect(['h264', 'mpeg2video', 'prores', ''].map(crf)).toEqual([x264, x264, x264, x264]);
    expect(['hevc', 'vp9', 'vvc'].map(crf)).toEqual([x265, x265, x265]);
    expect(crf('av1')).toBe(av1);
  });
});

describe('lookupAudioKbps', () => {
  it.each<[string, AudioTable, number[]]>([
    ['the default table', DEFAULT_TABLES.audio, [64, 96, 136, 176, 216, 256, 288, 320]],
    ['one entry', { 2: 96 }, [48, 96, 144, 192, 240, 288, 336, 384]],
    ['one high entry', { 6: 256 }, [43, 85, 128, 171, 213, 256, 299, 341]],
    ['no entry at the ends', { 2: 100, 4: 180 }, [60, 100, 140, 180, 220, 260, 300, 340]],
    ['three entries', { 3: 150, 5: 250, 6: 500 }, [50, 100, 150, 200, 250, 500, 750, 1000]],
    ['a slope below the least rate', { 4: 24, 8: 2048 }, [6, 12, 18, 24, 530, 1036, 1542, 2048]],
    ['a slope above the greatest rate', { 1: 10, 2: 512 }, [10, 512, 768, 1024, 1280, 1536, 1792, 2048]],
  ])('%s, 1 to 8 channels', (_, table, kbps) => {
    expect([1, 2, 3, 4, 5, 6, 7, 8].map((channels) => lookupAudioKbps(table, channels))).toEqual(kbps);
  });
});

it('refuses to guess from an empty audio table', () => expect(() => lookupAudioKbps({}, 2)).toThrow('empty'));

describe('tables from a file', () => {
  const { quality, audio } = DEFAULT_TABLES;
  it('take the defaults', () => {
    expect(QualityTable.parse(quality)).toEqual(quality);
    expect(AudioTable.parse(audio)).toEqual(audio);
  });
  it.each([{ 1: 6 }, { 1: 256 }, { 8: 48 }, { 8: 2048 }])('take the limits of libopus: %j', (table) => {
    expect(AudioTable.parse(table)).toEqual(table);
  });
  it.each<[string, unknown]>([
    ['CRF 0, which ffmpeg takes for unset', { ...quality, SD: { ...quality.SD, av1: 0 } }],
    ['CRF 64', { ...quality, SD: { ...quality.SD, av1: 64 } }],
    ['half a CRF', { ...quality, SD: { ...quality.SD, av1: 30.5 } }],
    ['a class too few', { ...quality, SD: undefined }],
    ['a class that is not known', { ...quality, '8K': quality['4K'] }],
    ['a codec that is not known', { ...quality, SD: { ...quality.SD, vp9: 30 } }],
  ])('refuse %s', (_, table) => expect(QualityTable.safeParse(table).success).toBe(false));
  it.each<[string, unknown]>([
    ['no entry', {}],
    ['9 channels', { 9: 320 }],
    ['0 channels', { 0: 64 }],
    ['a layout for a count', { '5.1': 256 }],
    ['half a kb/s', { 2: 96.5 }],
    ['more than libopus takes in mono', { 1: 257 }],
    ['less than libopus takes in 5.1', { 6: 35 }],
  ])('refuse %s', (_, table) => expect(AudioTable.safeParse(table).success).toBe(false));
});
