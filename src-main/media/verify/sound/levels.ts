/** How loud each channel of a track is, all along: measured where it is decoded anyway, in both files. */
import { LOW_LAYOUT, SOUND_RATE } from './compare-sound.ts';

/** Length of the moments whose loudness is measured, in s. */
export const MOMENT = 0.5;

/** Limit of recorded moments: six days of them; a later time in a file is wrong. */
const MAX_MOMENTS = 1_000_000;

/** Mean squares of samples, full scale being 1: of each channel, one a {@link MOMENT} from 0 s on; 0 where there is no sound. */
export type Levels = readonly Float64Array[];

/** What Opus keeps of a channel for low effects, in Hz, and some more. */
const LOW_HERTZ = 120;

/** A track whose loudness is measured: its index in the file, and the layout that it is heard in. */
export interface Measured {
  index: number;
  /** Layout that the source was converted to, if it was. */
  layout?: string | undefined;
  /** Layout that is heard. */
  heard?: string | undefined;
}

const nameOf = (index: number) => `ametadata@level${index}`;

/** Filters that report in the log how loud each moment of a track is, as {@link LevelReader} reads it. */
export function levelFilters({ index, layout, heard = layout }: Measured): string {
  const mapped = layout ? [`aformat=sample_fmts=flt:channel_layouts=${layout}`] : [];
  const low = LOW_LAYOUT.test(heard ?? '') ? [`lowpass=f=${LOW_HERTZ}:channels=LFE`] : [];
  const moments = [`aresample=${SOUND_RATE}`, `asetnsamples=n=${SOUND_RATE * MOMENT}:p=0`];
  const stats = 'astats=metadata=1:reset=1:measure_perchannel=RMS_level:measure_overall=none';
  return [...mapped, ...low, ...moments, stats, `${nameOf(index)}=print`].join(',');
}

/** A track as the log reports it: the current moment, the number of channels reported so far, and the squares of each. */
interface Track {
  time: number;
  told: number;
  channels: number[][];
}

/** Parses the output of {@link levelFilters}. */
export class LevelReader {
  readonly #ahead: number;
  readonly #found = new Map<number, Track>();

  /** @param ahead by how much the times in the log are ahead of the source's clock, in s */
  constructor(ahead: number) {
    this.#ahead = ahead;
  }

  /** @returns whether it was one of their lines */
  add(line: string): boolean {
    const [, index, said = ''] = /^\[ametadata@level(\d+) @ [^\]]*\] (?:\[\w+\] )?(.*)/.exec(line) ?? [];
    if (index === undefined) return false;
    const track = this.#found.get(Number(index)) ?? { time: Number.NaN, told: 0, channels: [] };
    this.#found.set(Number(index), track);
    const [, time] = /^frame:\d+\s+pts:(-?\d+)/.exec(said) ?? [];
    // Of seconds, it has six digits only.
    if (time !== undefined) Object.assign(track, { time: Number(time) / SOUND_RATE - this.#ahead, told: 0 });
    const [, channel, level] = /^lavfi\.astats\.(\d+)\.RMS_level=(\S+)/.exec(said) ?? [];
    // A line gets lost where it gets into one that ffmpeg itself writes in parts: it is not taken for another moment's.
    if (Number(channel) > track.told) {
      track.told = Number(channel);
      this.#note(track, track.told - 1, 10 ** (Number(level === '-inf' ? -400 : level) / 10));
    }
    return true;
  }

  /** Shares a moment of the log between those of the source's clock that it lies in. */
  #note({ time, channels }: Track, channel: number, square: number): void {
    if (!Number.isFinite(time) || !Number.isFinite(square)) return;
    const at = Math.max(0, time / MOMENT);
    if (at > MAX_MOMENTS) return;
    const [moment, share] = [Math.floor(at), at - Math.floor(at)];
    const squares = channels[channel] ?? [];
    channels[channel] = squares;
    squares[moment] = (squares[moment] ?? 0) + square * (1 - share);
    squares[moment + 1] = (squares[moment + 1] ?? 0) + square * share;
  }

  /** How loud a track is; undefined where nothing of it was decoded. */
  levels(index: number): Levels | undefined {
    const channels = this.#found.get(index)?.channels;
    if (!channels?.length) return undefined;
    return Array.from(channels, (squares = []) => Float64Array.from(squares, (square = 0) => square));
  }
}
