import { describe, expect, it } from 'vitest';
import { makeRpu } from '../../test/support/dolby-vision.ts';
import { hasBorders, parseRpu, type Rpu, rpuOfHevc, sameRpu } from './rpu.ts';

const read = (options: Parameters<typeof makeRpu>[0] = {}): Rpu => {
  const rpu = parseRpu(makeRpu(options));
  if (!rpu) throw new Error('not read');
  return rpu;
};

describe('metadata of Dolby Vision', () => {
  it('is read to its last block', () => {
    const { blocks, colour, mapping } = read({ brightness: 3000, borders: 8 });
    // 12 bits each of the darkest, brightest and mean; 13 bits for each side; the four values of HDR10.
    expect(blocks).toEqual([
      { level: 1, payload: '000bb85dc0' },
      { level: 5, payload: '00000000100080' },
      { level: 6, payload: '03e8000103e80190' },
    ]);
    expect(mapping).toMatch(/^[01]{100,}$/);
    expect(colour).toHaveLength(509);
  });

  it.each<[string, Parameters<typeof makeRpu>[0], boolean]>([
    ['the same', { brightness: 2000 }, true],
    ['another brightness of the shot (level 1)', { brightness: 2002 }, false],
    ['another active area (level 5)', { borders: 1 }, false],
    ['other static values (level 6)', { light: 401 }, false],
    ['another matrix', { matrix: 9575 }, false],
    ['another curve', { curve: 2 }, false],
  ])('with %s is told apart', (_, options, same) => {
    expect(sameRpu(read(), read(options))).toBe(same);
  });

  it('may have its blocks in another order', () => {
    const rpu = read();
    expect(sameRpu(rpu, { ...rpu, blocks: rpu.blocks.toReversed() })).toBe(true);
    expect(sameRpu(rpu, { ...rpu, blocks: rpu.blocks.slice(1) })).toBe(false);
  });

  it('has borders where level 5 names some', () => {
    expect([hasBorders(read()), hasBorders(read({ borders: 8 }))]).toEqual([false, true]);
  });

  it('is not read from what is cut off, nor with an enhancement layer', () => {
    const whole = makeRpu();
    for (const length of [0, 1, 20, 60, 90]) expect(parseRpu(whole.subarray(0, length))).toBeUndefined();
    expect(parseRpu(makeRpu({ residual: true }))).toBeUndefined();
    expect(rpuOfHevc(Buffer.alloc(0))).toBeUndefined();
    expect(rpuOfHevc(Buffer.from('000000024601', 'hex'))).toBeUndefined();
  });
});
