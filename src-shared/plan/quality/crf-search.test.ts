import { describe, expect, it } from 'vitest';
import type { Quality, QualityTarget } from '../../media/quality-target.ts';
import { MAX_PROBES, type ProbeEncode, searchCrf } from './crf-search.ts';
import { CURVES, qualityAt } from './measured-curves.ts';

const target = (value: number, over: Partial<QualityTarget> = {}): QualityTarget => ({
  metric: 'xpsnr',
  value,
  minCrf: 15,
  maxCrf: 55,
  ...over,
});

/** Searches until there is an answer. */
function search(wanted: QualityTarget, encode: (crf: number) => Quality, begin = 30, step = 1) {
  const probes: ProbeEncode[] = [];
  for (;;) {
    const next = searchCrf(wanted, probes, begin, step);
    if (next.kind !== 'probe') return { ...next, probes };
    expect(probes.map(({ crf }) => crf)).not.toContain(next.crf);
    probes.push({ crf: next.crf, quality: encode(next.crf) });
    expect(probes.length).toBeLessThanOrEqual(MAX_PROBES);
  }
}

describe('the search for a CRF', () => {
  const cases = Object.entries(CURVES).flatMap(([name, curve]) =>
    [36, 37, 38, 39, 40, 41].map((value) => ({ name, curve, value })),
  );
  it.each(cases)('comes within 0.2 dB of $value dB on $name', ({ curve, value }) => {
    for (const begin of [18, 30, 45]) {
      const found = search(target(value), (crf) => qualityAt(curve, crf), begin);
      if (found.kind !== 'found') throw new Error(found.reason);
      const reached = qualityAt(curve, found.crf).mean;
      expect(found.expected).toBeCloseTo(reached, 0);
      if (found.crf > 15 && found.crf < 55) expect(Math.abs(reached - value)).toBeLessThanOrEqual(0.2);
    }
  });

  it('begins with what earlier videos of the kind needed, and ends at once when that comes to the target', () => {
    const curve = CURVES['sintel_trailer-720p.mp4'] ?? [];
    const found = search(target(40.27, { start: 36 }), (crf) => qualityAt(curve, crf));
    expect(found).toMatchObject({ kind: 'found', crf: 36 });
    expect(found.probes).toHaveLength(1);
  });

  it('stays within the limits of the settings', () => {
    const curve = CURVES['sintel_trailer-720p.mp4'] ?? [];
    expect(search(target(60), (crf) => qualityAt(curve, crf))).toMatchObject({ kind: 'found', crf: 15 });
    expect(search(target(25), (crf) => qualityAt(curve, crf))).toMatchObject({ kind: 'found', crf: 55 });
  });

  it('counts one ruined scene although the mean is as it should be', () => {
    const ruined = (crf: number): Quality => ({ metric: 'xpsnr', mean: 46 - crf / 5, low: 38 - crf / 5 });
    const found = search(target(40), ruined);
    expect(found).toMatchObject({ kind: 'found', crf: 15 });
  });

  it('takes quarter steps where the encoder does', () => {
    const found = search(
      target(40),
      (crf) => ({ metric: 'xpsnr', mean: 58.4 - 0.6 * crf, low: 57 - 0.6 * crf }),
      30,
      0.25,
    );
    expect(found).toMatchObject({ kind: 'found', crf: 30.5 });
  });

  it('fails where quality does not fall with a higher CRF', () => {
    const found = search(target(40), (crf) => ({ metric: 'xpsnr', mean: 38 + crf / 50, low: 37 }));
    expect(found).toMatchObject({ kind: 'failed' });
  });
});
