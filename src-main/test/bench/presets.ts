import { against, CRF, type Encoder, eachClip, findEncoders, type Result } from './encodes.ts';
import { type Bench, measured, type Report, say } from './measure.ts';

const [FIRST, LAST] = [4, 10];
/** Two presets come to the same where files of equal quality differ by less than this, and quality at one CRF by so many dB. */
const [LARGER, WORSE] = [1.02, 0.25];

/**
 * What each preset of each encoder costs and brings on a few seconds of each clip, against the oldest one's, and which preset comes
 * closest to each of that one's: the fastest whose files are not larger at equal quality, nor much worse at one CRF. That is what the
 * table in src-shared/fleet/svt-av1.ts is checked against.
 */
export const presets: Bench = async (folder, { clips, seconds, from = FIRST, to = LAST }) => {
  const encoders = await findEncoders(folder);
  const all = new Map<string, Result[]>();
  const done = await eachClip({ folder, encoders, clips, seconds }, async (clip) => {
    const doubling = await clip.doublingAt(to);
    for (const encoder of encoders) {
      for (let preset = from; preset <= to; preset++) {
        const key = `${encoder.name} preset ${preset}`;
        all.set(key, [...(all.get(key) ?? []), { ...(await clip.encode(encoder, { preset, crf: CRF })), doubling }]);
      }
    }
  });
  return done ? reportOf(all, encoders, { ...done, from, to }) : { clips: 'missing' };
};

function reportOf(
  all: Map<string, Result[]>,
  encoders: Encoder[],
  { meter, from, to, clips }: { meter: string; from: number; to: number; clips: number },
): Report {
  const [reference = ''] = encoders.map(({ name }) => name);
  const numbers = Array.from({ length: to - from + 1 }, (_, i) => from + i);
  const results = (name: string, preset: number) => all.get(`${name} preset ${preset}`) ?? [];
  // The default of the setting, where it was measured.
  const base = results(reference, numbers.includes(8) ? 8 : to);
  const report: Report = {
    clips: String(clips),
    reference: `${reference} preset ${numbers.includes(8) ? 8 : to}`,
    meter,
  };
  say(`\n| encoder | preset | time | bytes | ${meter} Y, dB | bytes at equal quality |\n|---|---|---|---|---|---|`);
  for (const { name } of encoders) {
    for (const preset of numbers) {
      const { seconds, bytes, quality, equal } = against(results(name, preset), base);
      const cells = [name, preset, seconds.toFixed(2), bytes.toFixed(3), quality.toFixed(2), equal.toFixed(3)];
      say(`| ${cells.join(' | ')} |`);
      report[`${name} preset ${preset} time`] = measured(seconds, '× reference');
      report[`${name} preset ${preset} bytes`] = measured(bytes, '× reference');
      report[`${name} preset ${preset} quality`] = measured(quality, 'dB');
      report[`${name} preset ${preset} bytes at equal quality`] = measured(equal, '× reference');
    }
  }
  for (const { name } of encoders.filter((encoder) => encoder.name !== reference)) {
    for (const wanted of numbers) {
      const fits = numbers.filter((preset) => {
        const { equal, quality } = against(results(name, preset), results(reference, wanted));
        return equal <= LARGER && quality >= -WORSE;
      });
      const closest = fits.at(-1)?.toString() ?? 'none';
      say(`${name}: ${closest} comes closest to preset ${wanted} of ${reference}`);
      report[`${name} for preset ${wanted}`] = closest;
    }
  }
  return report;
}
