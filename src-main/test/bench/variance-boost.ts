import { presetFor, qualityFor } from '../../../src-shared/fleet/svt-av1.ts';
import { against, CRF, eachClip, findEncoders, type Result } from './encodes.ts';
import { type Bench, measured, type Report } from './measure.ts';

/** The default of the setting. */
const PRESET = 8;

/** Since which release of SVT-AV1 there is variance boost (its CHANGELOG, 2.1.0). */
const SINCE = '2.1.0';

/** What variance boost of each encoder that has it costs and brings on a few seconds of each clip, at one CRF and at that which conversions use, against the same without it. */
export const varianceBoost: Bench = async (folder, { clips, seconds }) => {
  const encoders = await findEncoders(folder);
  const able = encoders.filter(({ name }) => {
    const release = /\d+\.\d+\.\d+/.exec(name)?.[0] ?? '';
    return release.localeCompare(SINCE, 'en', { numeric: true }) >= 0;
  });
  const without = new Map<string, Result[]>();
  const boosted = new Map<string, Result[]>();
  const shipped = new Map<string, Result[]>();
  const report: Report = {};
  const done = await eachClip({ folder, encoders, clips, seconds }, async (clip) => {
    const doubling = await clip.doublingAt(PRESET);
    for (const encoder of able) {
      const attempt = async (results: Map<string, Result[]>, crf: number, boost: number) => {
        const trial = { preset: presetFor(encoder.caps, PRESET), crf, params: `enable-variance-boost=${boost}` };
        const result = { ...(await clip.encode(encoder, trial)), doubling };
        results.set(encoder.name, [...(results.get(encoder.name) ?? []), result]);
        return result;
      };
      const plain = await attempt(without, CRF, 0);
      await attempt(boosted, CRF, 1);
      const result = await attempt(shipped, qualityFor(encoder.caps, CRF).crf, 1);
      const { bytes, equal } = against([result], [plain]);
      report[`${encoder.name} ${clip.file} bytes`] = measured(bytes, '× without');
      report[`${encoder.name} ${clip.file} bytes at equal quality`] = measured(equal, '× without');
    }
  });
  if (!done) return { clips: 'missing' };
  for (const { name, caps } of able) {
    const kinds = { [`CRF ${CRF}`]: boosted, [`CRF ${qualityFor(caps, CRF).crf}`]: shipped };
    for (const [kind, results] of Object.entries(kinds)) {
      const { seconds: time, bytes, quality, equal } = against(results.get(name) ?? [], without.get(name) ?? []);
      report[`${name} ${kind} time`] = measured(time, '× without');
      report[`${name} ${kind} bytes`] = measured(bytes, '× without');
      report[`${name} ${kind} quality`] = measured(quality, `dB ${done.meter} Y`);
      report[`${name} ${kind} bytes at equal quality`] = measured(equal, '× without');
    }
  }
  return { clips: String(done.clips), ...report };
};
