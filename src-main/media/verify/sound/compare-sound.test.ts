import { describe, expect, it } from 'vitest';
import { randomFrom } from '../windows.ts';
import { compareSound, deinterleave, SOUND_RATE, withoutHighEffects } from './compare-sound.ts';

/** A second of noise whose loudness swells, the same one for the same seed. */
function noise(seed: number, loudness = 0.1): Float32Array {
  const random = randomFrom(seed);
  return Float32Array.from(
    { length: SOUND_RATE },
    (_, i) => loudness * (random() - 0.5) * (1 + Math.sin((6 * i) / SOUND_RATE)),
  );
}
const silence = new Float32Array(SOUND_RATE);
const plus = (a: Float32Array, b: Float32Array) => a.map((value, i) => value + (b[i] ?? 0));
const late = (a: Float32Array, ms: number) => {
  const by = (ms * SOUND_RATE) / 1000;
  return a.map((_, i) => a[i - by] ?? 0);
};
const [left, right] = [noise(1), noise(2)];

describe('compareSound', () => {
  it('takes coding noise, a small delay and silence for silence for the same sound', () => {
    expect(compareSound([left, right], [plus(left, noise(3, 0.03)), late(right, 7)])).toBeUndefined();
    expect(compareSound([left, silence], [left, noise(3, 0.002)])).toBeUndefined();
    expect(compareSound([silence], [silence])).toBeUndefined();
  });

  it('takes noise that Opus makes up in part, and high tones half a sample late, for the same sound', () => {
    expect(
      compareSound(
        [left],
        [
          plus(
            left.map((value) => value / 2),
            noise(3, 0.085),
          ),
        ],
      ),
    ).toBeUndefined();
    const tone = (delay: number) => left.map((_, i) => 0.1 * Math.sin(2 * (i - delay)) * (1 + Math.sin(i / 700)));
    expect(compareSound([tone(0)], [tone(0.5)])).toBeUndefined();
  });

  it('takes what begins or ends at the edge of a moment for the same sound, where one side is moved a little', () => {
    const beep = (from: number, to: number) =>
      left.map((_, i) => (i >= from * SOUND_RATE && i < to * SOUND_RATE ? Math.sin(0.8 * i) : 0));
    expect(compareSound([beep(2, 3)], [beep(0.97, 3)])).toBeUndefined();
    expect(compareSound([beep(0, 0.03)], [silence])).toBeUndefined();
    expect(compareSound([beep(0.9, 1)], [beep(0.92, 1)])).toBeUndefined();
    expect(compareSound([beep(0.9, 1)], [silence])?.what).toBe('is silent');
    const pips = (pitch: number) => left.map((_, i) => (i % 2000 < 400 ? Math.sin(pitch * i) : 0));
    expect(compareSound([pips(0.8)], [pips(0.5)])?.what).toBe('holds other sound');
    expect(compareSound([beep(0.3, 1)], [beep(0.7, 1)])?.what).toMatch(/softer|other sound/);
    expect(compareSound([silence], [beep(0.4, 0.43)])?.what).toBe('is heard, where it was silent');
  });

  it('tells a steady tone that begins late', () => {
    const tone = left.map((_, i) => 0.1 * Math.sin(0.4 * i));
    const begun = tone.map((value, i) => (i < SOUND_RATE * 0.6 ? 0 : value * 1.3));
    expect(compareSound([tone], [begun])?.what).toBe('holds other sound');
  });

  it.each([
    ['silence', [left, silence], /^is silent/],
    ['swapped sides', [right, left], /^holds other sound/],
    ['the opposite sign', [left, right.map((value) => -value)], /^holds other sound/],
    ['another noise', [left, noise(4)], /^holds other sound/],
    ['what comes much too late', [left, late(right, 200)], /^holds other sound|softer/],
    ['soft sound', [left, right.map((value) => value / 2)], /^is 6 dB softer/],
    ['loud sound', [left, right.map((value) => value * 2)], /^is 6 dB louder/],
  ])('tells %s', (_, result, what) => {
    expect(compareSound([left, right], result)?.what).toMatch(what);
  });

  it('tells sound where there was none', () => {
    expect(compareSound([left, silence], [left, right])).toEqual({ channel: 1, what: 'is heard, where it was silent' });
  });
});

it('leaves of low effects what Opus keeps', () => {
  const tone = (hertz: number) => left.map((_, i) => 0.1 * Math.sin((2 * Math.PI * hertz * i) / SOUND_RATE));
  const all = (low: Float32Array) => withoutHighEffects([left, right, left, low, left, right], '5.1');
  expect(compareSound(all(plus(tone(40), tone(1000))), all(tone(40)))).toBeUndefined();
  expect(compareSound(all(tone(40)), all(silence))).toMatchObject({ channel: 3 });
  expect(withoutHighEffects([left, right], 'stereo')).toEqual([left, right]);
});

it('takes interleaved samples apart', () => {
  const bytes = Buffer.from(Float32Array.of(1, -1, 0.5, -0.5).buffer);
  expect(deinterleave(bytes, 2)).toEqual([Float32Array.of(1, 0.5), Float32Array.of(-1, -0.5)]);
});
