import { count, formatBytes } from './format.ts';

/** A forecast as sentences need it. */
interface Forecast {
  videos: number;
  bytes: number;
  bytesAfter: number;
  bytesError: number;
  seconds: number | null;
  secondsError: number | null;
  computers: number;
}

/** Units of time, and from how many seconds on each is used. */
const TIMES: [unit: string, seconds: number, from: number][] = [
  ['day', 86_400, 36 * 3600],
  ['hour', 3600, 90 * 60],
  ['minute', 60, 0],
];

/** A number as its error deserves: `1.1 TB (± 0.1)`. */
export function bytesWithError(bytes: number, error: number): string {
  const [value = '', unit = ''] = formatBytes(bytes).split(' ');
  const scale = Math.abs(bytes) / (Number(value.replace('−', '')) || 1) || 1;
  const inUnit = error / scale;
  const digits = inUnit >= 1 || unit === 'B' ? 0 : Math.min(2, Math.ceil(-Math.log10(inUnit)));
  return `${(bytes / scale).toFixed(digits).replace('-', '−')} ${unit} (± ${Math.max(inUnit, 10 ** -digits).toFixed(digits)})`;
}

/** The same for a time: `9 days (± 2)`. */
export function timeWithError(seconds: number, error: number): string {
  const [unit, size] = TIMES.find(([, , from]) => seconds >= from) ?? ['minute', 60];
  const [value, off] = [seconds, error].map((n) => Math.max(1, Math.round(n / size))) as [number, number];
  return `${count(value, unit)} (± ${off.toLocaleString('en')})`;
}

/** What converting all videos that wait would bring, as a sentence. */
export function forecastSentence(forecast: Forecast): string {
  const { videos, bytes } = forecast;
  const saving = savingSentence(forecast);
  return `${count(videos, 'video')}, ${formatBytes(bytes)}: ${saving.charAt(0).toLowerCase()}${saving.slice(1)}`;
}

/** The same without what there is now. */
export function savingSentence(forecast: Forecast): string {
  const { bytes, bytesAfter, bytesError, seconds, secondsError, computers } = forecast;
  const what = `About ${bytesWithError(bytes - bytesAfter, bytesError)} could be saved`;
  if (seconds === null || secondsError === null) return `${what}.`;
  const where = computers === 1 ? 'on one computer' : `on ${computers} computers`;
  return `${what} in ${timeWithError(seconds, secondsError)} ${where}.`;
}

/** What a forecast is made from, as a sentence. */
export function forecastBasis(learned: number): string {
  return learned === 0
    ? 'This is a rule of thumb: samples of a few videos make it better.'
    : `It is learned from ${count(learned, 'video')} that ${learned === 1 ? 'was' : 'were'} converted or sampled.`;
}
