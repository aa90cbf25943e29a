import { describe, expect, it } from 'vitest';
import { type FileLayout, locateChunk } from './chunk-location.ts';
import type { ChunkSource } from './chunks.ts';

const FPS = 24;
const SECONDS = 100;
/** Bytes of a picture, and of the sound that follows each. */
const [PICTURE, SOUND] = [1000, 200];
const HEAD = 5000;
const times = Float64Array.from({ length: SECONDS * FPS }, (_, i) => i / FPS);
const keys = Float64Array.from({ length: SECONDS }, (_, i) => i);
const positions = times.map((_, i) => HEAD + i * (PICTURE + SOUND));
const sizes = times.map(() => PICTURE);
const lastStart = HEAD + times.length * (PICTURE + SOUND) - SOUND;
const size = lastStart + SOUND + 3000;
const source: ChunkSource = { demuxer: 'matroska', start: 0, times, keys };
const layout: FileLayout = {
  ...{ size, lastStart, positions, sizes, firstEnds: [HEAD + PICTURE, HEAD + PICTURE + SOUND] },
  // The cluster begins a little before its first picture.
  entries: Array.from(keys, (time, i) => ({ time, position: (positions[i * FPS] ?? 0) - 30 })),
};
const at = (second: number) => positions[second * FPS] ?? 0;
const chunk = (from: number, to: number) => ({ from: from * FPS, to: to * FPS });

describe('where a chunk lies in its file', () => {
  it('is the head, the tail, and from the entry that its decoding begins at to a little behind it', () => {
    const found = locateChunk(source, layout, chunk(40, 50));
    expect(found).toMatchObject({ begin: 40, end: 50 });
    const [head, pictures, tail] = found?.ranges ?? [];
    // A twentieth of the file behind the first packet.
    expect(head).toEqual([0, HEAD + PICTURE + Math.floor(size / 20)]);
    // Reading starts at 39 s less what ffmpeg takes off, so that it begins at the key frame before.
    expect(pictures?.[0]).toBe(at(38) - 30);
    expect(pictures?.[1]).toBeGreaterThan(at(52));
    expect(pictures?.[1]).toBeLessThan(at(54));
    expect(tail).toEqual([lastStart - 64, size]);
  });

  it('begins at an earlier entry where the index lacks key frames, and at the first byte where none is early enough', () => {
    const entries = layout.entries.filter(({ time }) => time % 10 === 5);
    expect(locateChunk(source, { ...layout, entries }, chunk(40, 50))?.ranges[1]?.[0]).toBe(at(35) - 30);
    expect(locateChunk(source, { ...layout, entries }, chunk(4, 10))?.ranges[0]?.[0]).toBe(0);
    expect(locateChunk(source, { ...layout, entries }, chunk(4, 10))?.ranges).toHaveLength(2);
  });

  it('is all up to the chunk for the first one, and all behind it for the last one', () => {
    expect(locateChunk(source, layout, chunk(0, 10))?.ranges).toEqual([
      [0, expect.any(Number)],
      [lastStart - 64, size],
    ]);
    const last = locateChunk(source, layout, chunk(90, 100));
    expect(last).not.toHaveProperty('end');
    expect(last?.ranges).toEqual([
      [0, expect.any(Number)],
      [at(88) - 30, size],
    ]);
  });

  it('reaches far enough behind a chunk of few frames a second, too', () => {
    const slow = { ...source, times: times.map((time) => time * FPS), keys: keys.map((time) => time * FPS) };
    const entries = Array.from(slow.keys, (time, i) => ({ time, position: at(i) - 30 }));
    const found = locateChunk(slow, { ...layout, entries }, chunk(40, 50));
    expect(found?.ranges[1]?.[1]).toBe(at(53) - SOUND);
  });

  it('includes the first packets of late streams, but not of those that begin far behind', () => {
    const end = (firstEnds: number[]) =>
      locateChunk(source, { ...layout, size: 1e9, lastStart: 9e8, firstEnds }, chunk(40, 50))?.ranges[0]?.[1];
    expect(end([6000, 20_000])).toBe(6_006_000);
    expect(end([6000, 6_000_500, 500_000_000])).toBe(6_006_000);
  });

  it.each([
    ['a kind of file without an index', { ...source, demuxer: 'mpegts' }, layout],
    ['pictures of unknown place', source, { ...layout, positions: positions.map(() => Number.NaN) }],
    ['pictures before the entry that leads to them', source, { ...layout, positions: positions.map((n) => n / 2) }],
    ['packets of unknown place', source, { ...layout, lastStart: Number.NaN }],
  ])('is not known of %s', (_, known, where) => {
    expect(locateChunk(known, where, chunk(40, 50))).toBeUndefined();
  });
});
