import { describe, expect, it } from 'vitest';
import type { QualityTarget } from '../../media/quality-target.ts';
import { type ProbeEncode, scoreOf, searchCrf } from '../quality/crf-search.ts';
import { CURVES, qualityAt } from '../quality/measured-curves.ts';
import { type Encoded, ForecastModel, type ForecastVideo } from './forecast-model.ts';

const video = (over: Partial<ForecastVideo> = {}): ForecastVideo => ({
  ...{ codec: 'h264', width: 1280, height: 720, frameRate: 24, duration: 3600, size: 2e9, others: 0 },
  ...over,
});

const TARGET: QualityTarget = { metric: 'xpsnr', value: 39, minCrf: 15, maxCrf: 55 };

/** Searches the CRF of a clip. @returns it with the number of probes */
function search(curve: [number, number][], target: QualityTarget) {
  const probes: ProbeEncode[] = [];
  for (;;) {
    const next = searchCrf(target, probes, 26);
    if (next.kind === 'failed') throw new Error(next.reason);
    if (next.kind === 'found') return { crf: next.crf, quality: next.expected, probes: probes.length };
    probes.push({ crf: next.crf, quality: qualityAt(curve, next.crf) });
  }
}

describe('the CRF that a search begins with', () => {
  it('is what earlier videos of its kind needed, which saves probes and comes as close to the target', () => {
    const probes = { first: 0, again: 0 };
    for (const [name, curve] of Object.entries(CURVES)) {
      for (const value of [36, 38, 40, 41]) {
        const target = { ...TARGET, value };
        const first = search(curve, target);
        // Beyond the limits there is nothing to find.
        if (first.crf <= target.minCrf || first.crf >= target.maxCrf) continue;
        // Others of its kind are a little better or worse at the same CRF.
        const others = [-0.4, -0.2, 0.2, 0.4].map((shift) =>
          curve.map(([mean, low]): [number, number] => [mean + shift, low + shift]),
        );
        const encoded = others.map((other): Encoded => ({ video: video(), ...search(other, target) }));
        const again = search(curve, { ...target, start: new ForecastModel(encoded).crfFor(video(), value) });
        probes.first += first.probes;
        probes.again += again.probes;
        expect(Math.abs(scoreOf(qualityAt(curve, again.crf)) - value), name).toBeLessThanOrEqual(0.2);
      }
    }
    expect(probes.again / probes.first).toBeLessThan(0.75);
  });

  it('is unknown before the first video, and follows a target that changed', () => {
    expect(new ForecastModel([]).crfFor(video(), 40)).toBeUndefined();
    const model = new ForecastModel([{ video: video(), crf: 30, quality: 40 }]);
    expect(model.crfFor(video(), 40)).toBeCloseTo(30, 1);
    expect(model.crfFor(video(), 42)).toBeCloseTo(30 - 2 / 0.18, 1);
  });

  it('is not asked of a video whose length is unknown', () => {
    const model = new ForecastModel([{ video: video(), crf: 30, quality: 40 }]);
    expect(model.crfFor(video({ duration: 0 }), 40)).toBeUndefined();
  });
});

describe('the forecast of a video', () => {
  const before = new ForecastModel([]).of(video(), { crf: 30 });

  it('is that of the model before anything was encoded', () => {
    const pictures = (1280 * 720 * 24 * 3600 * 0.037) / 8;
    expect(before).toMatchObject({ crf: 30, bytes: Math.round(pictures) });
    expect(new ForecastModel([]).of(video(), { crf: 41 }).bytes).toBe(Math.round(pictures / 2));
  });

  it('learns from videos of its kind, at whatever CRF they were encoded', () => {
    const encoded = [30, 30, 41, 41, 30, 30].map(
      (crf): Encoded => ({ video: video(), crf, pictures: (2 * before.bytes) / 2 ** ((crf - 30) / 11) }),
    );
    const learned = new ForecastModel(encoded).of(video(), { crf: 30 }).bytes;
    expect(learned / before.bytes).toBeGreaterThan(1.6);
    expect(learned / before.bytes).toBeLessThan(2.4);
  });

  it('is made at the CRF that its kind needs for a quality, within the limits', () => {
    const target = { value: 38, minCrf: 15, maxCrf: 36 };
    const model = new ForecastModel([{ video: video(), crf: 30, quality: 40 }]);
    expect(model.of(video(), { crf: 26, target }).crf).toBe(36);
    expect(new ForecastModel([]).of(video(), { crf: 26, target }).crf).toBe(26);
  });

  it('is never larger than the original, and says nothing of one whose length is unknown', () => {
    expect(new ForecastModel([]).of(video({ size: 1000 }), { crf: 30 }).bytes).toBe(1000);
    expect(new ForecastModel([]).of(video({ duration: 0 }), { crf: 30 })).toMatchObject({ bytes: 2e9, effort: 0 });
  });

  it('takes longer for kinds that took longer on the same computer', () => {
    const slow = video({ width: 3840, height: 2160, size: 16e9 });
    const pixels = (of: ForecastVideo) => of.width * of.height * 24 * of.duration;
    const encoded = [video(), slow].flatMap((of) =>
      Array.from(
        { length: 10 },
        (): Encoded => ({
          ...{ video: of, crf: 30 },
          time: { computer: 'nas', seconds: (pixels(of) / 2e7) * (of === slow ? 2 : 1) },
        }),
      ),
    );
    const model = new ForecastModel(encoded);
    const each = (of: ForecastVideo) => model.of(of, { crf: 30 }).effort / pixels(of);
    expect(each(slow) / each(video())).toBeGreaterThan(1.6);
  });
});

describe('the forecast of a library', () => {
  const library = Array.from({ length: 200 }, (_, n) => video({ size: n % 2 ? 2e9 : 8e9 }));
  const totalBy = (model: ForecastModel) =>
    model.total(library.map((one) => ({ video: one, forecast: model.of(one, { crf: 30 }) })));

  it('adds up those of its videos, with an error that shrinks as more of them are encoded', () => {
    const none = totalBy(new ForecastModel([]));
    const some = totalBy(
      new ForecastModel(
        library.slice(0, 40).map((one, n) => ({ video: one, crf: 30, pictures: 1.2e9 * (1 + 0.1 * (n % 5)) })),
      ),
    );
    expect(none.bytesError / none.bytes).toBeGreaterThan(0.9);
    expect(some.bytesError / some.bytes).toBeLessThan(0.25);
    expect(Math.abs(some.bytes - 200 * 1.44e9)).toBeLessThan(some.bytesError);
  });

  it('takes the error of samples for videos that were sampled', () => {
    const model = new ForecastModel([]);
    const all = library.map((one) => ({
      ...{ video: one, forecast: model.of(one, { crf: 30 }), known: { error: 0.1 } },
    }));
    const { bytes, bytesError } = model.total(all);
    expect(bytesError / bytes).toBeLessThan(0.02);
  });
});
