import type { Quality } from '../../media/quality-target.ts';

/** CRFs, on the scale of the settings, at which {@link CURVES} were measured. */
const MEASURED_AT = [20, 28, 36, 44, 52];

/** Mean and low XPSNR in dB of real clips at the CRFs of {@link MEASURED_AT}, SVT-AV1 4.2.0 at preset 5 (docs/encoding.md). */
export const CURVES: Record<string, [mean: number, low: number][]> = {
  'sintel_trailer-720p.mp4': [
    [42.96, 40.69],
    [41.68, 39.58],
    [40.3, 38.4],
    [38.92, 37.07],
    [37.12, 35.12],
  ],
  'big_buck_bunny_0_30.webm': [
    [40.6, 39.4],
    [39.01, 37.71],
    [37.55, 36.25],
    [36.19, 34.8],
    [34.55, 32.88],
  ],
  'goldengate_portrait.mp4': [
    [41.5, 40.61],
    [40.06, 39.16],
    [38.67, 37.71],
    [37.22, 36.35],
    [35.47, 34.61],
  ],
  'drone_hevc_338p.mp4': [
    [40.23, 39.33],
    [38.97, 37.98],
    [37.78, 36.73],
    [36.53, 35.45],
    [34.97, 33.77],
  ],
  'gopro_karma_gpmf.mp4': [
    [39.97, 39.52],
    [38.63, 38.18],
    [37.53, 37.09],
    [36.3, 35.75],
    [34.6, 33.95],
  ],
  'highway_540p60.mp4': [
    [41.81, 40.56],
    [40.14, 39.1],
    [38.82, 37.88],
    [37.55, 36.7],
    [36.26, 35.41],
  ],
  'screen_bbc_page.mp4': [
    [58.86, 55.07],
    [56.19, 52.55],
    [53.3, 51.27],
    [50.94, 49.97],
    [48.63, 48.26],
  ],
  'vtest_surveillance.avi': [
    [42.78, 41.9],
    [41.27, 40.44],
    [39.82, 38.86],
    [38.16, 37.17],
    [36.04, 35.24],
  ],
};

/** The quality of a clip at any CRF, on straight lines between those that were measured. */
export function qualityAt(curve: readonly [number, number][], crf: number): Quality {
  const next = MEASURED_AT.findIndex((at) => at >= crf);
  const after = Math.min(Math.max(1, next === -1 ? MEASURED_AT.length : next), MEASURED_AT.length - 1);
  const [from, to] = [MEASURED_AT[after - 1] ?? 0, MEASURED_AT[after] ?? 1];
  const at = (which: 0 | 1) => {
    const [a, b] = [curve[after - 1]?.[which] ?? 0, curve[after]?.[which] ?? 0];
    return a + ((b - a) * (crf - from)) / (to - from);
  };
  return { metric: 'xpsnr', mean: at(0), low: at(1) };
}
