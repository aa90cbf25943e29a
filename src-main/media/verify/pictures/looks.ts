import type { VideoEncode } from '../../../../src-shared/plan/stream-plan.ts';
import type { StreamTimeline } from '../../ffmpeg/timeline.ts';
import { type Sides, together } from '../sides.ts';
import { VerificationError } from '../verify-request.ts';
import { areAlike, chosenKeys, frameAt, gridOf, isShort, partsOf, randomFrames, sourceTimeOf } from '../windows.ts';
import { isFrozen, type Look, type Stretch, showsAnother, stillStretches } from './compare-looks.ts';
import { NOT_COMPARED } from './compare-pictures.ts';
import { decodeSource, type Pass, type Shown, seekResult, seekSource, type Wanted } from './passes.ts';
import { difference, type Thumbnail } from './thumbnail.ts';

/** Frames that are looked at, at a place of the source that was sought for. */
const RUN = 6;
/** Frames to each side that may be the right one, where packets don't show the number of a frame. */
const REACH = 2;
/** Frames that are looked at again from the start of the source. */
const SUSPECTS = 40;
/** Seconds before and after a suspicious picture that are compared with it. */
const MOMENT = 0.5;
/** At the highest CRFs an encoder lags by this many frames at cuts and fades; measured at 63: four. */
const MAX_LATE = 6;

/** Looks at single frames all over a video, to find long stretches of other, black or frozen pictures. */
export class Looks {
  readonly #sides: Sides;
  readonly #plan: VideoEncode;
  readonly #index: number;
  readonly #before: StreamTimeline;
  readonly #after: StreamTimeline;
  readonly #reach: number;
  readonly #places: number[];
  /** Frames of the result that show key frames of the source, by the time of these. */
  readonly #keys: Map<number, number>;
  readonly #grid: Pick<Wanted, 'grid' | 'phase'>;

  /** @param pictures the streams that are compared, and `index` of the one in the result */
  constructor(
    sides: Sides,
    { plan, index, before, after }: { plan: VideoEncode; index: number; before: StreamTimeline; after: StreamTimeline },
  ) {
    this.#sides = sides;
    this.#plan = plan;
    this.#index = index;
    this.#before = before;
    this.#after = after;
    this.#reach = before.timed && areAlike(before, after) ? 0 : REACH;
    this.#places = isShort(after) ? [] : randomFrames(after, sides.random);
    const keys = isShort(after) ? [] : [...chosenKeys(before, sides.random)];
    this.#keys = new Map(
      keys.flatMap((time) => {
        const frame = frameAt(before, after, time, sides.shift);
        return frame === undefined ? [] : [[time, frame]];
      }),
    );
    const grid = gridOf(after);
    this.#grid = { grid, phase: Math.floor(sides.random() * grid) };
  }

  /** The frames of the source that are looked at beside those that are sought. */
  get wantsOfSource(): 'all' | 'keys' | undefined {
    if (isShort(this.#after)) return 'all';
    return this.#keys.size > 0 ? 'keys' : undefined;
  }

  /** Frames of the result that are to be known. */
  get wanted(): Wanted {
    const around = (frame: number, run: number) =>
      Array.from({ length: run + 2 * this.#reach }, (_, i) => frame + i - this.#reach);
    const runs = this.#places.flatMap((frame) => around(frame, RUN));
    const keys = [...this.#keys.values()].flatMap((frame) => around(frame, 1));
    return isShort(this.#after) ? { frames: [], grid: 1, phase: 0 } : { frames: [...runs, ...keys], ...this.#grid };
  }

  /**
   * Compares the pictures of both passes.
   * @param result the pass over the result, with the frames that were {@link wanted}
   * @param source the pass over the source, with the frames that are {@link wantsOfSource wanted}
   * @param sought from {@link seek}
   * @throws VerificationError when the result shows another picture, is still where the source moves, or can't be compared
   */
  async check(result: Pass, source: Pass | undefined, sought: Map<number, Thumbnail[]>): Promise<void> {
    const seen = result.thumbnails;
    const looks: Look[] = [];
    const note = (frame: number, candidates: Thumbnail[]): boolean => {
      const look = this.#pair(frame, candidates, seen);
      if (look) looks.push(look);
      return look !== undefined;
    };
    for (const [time, thumbnail] of source?.thumbnails ?? []) {
      const frame = this.#frameOf(time);
      if (frame !== undefined) note(frame, [thumbnail]);
    }
    const unseen = [...sought].filter(([frame, thumbnails]) => {
      const noted = thumbnails.map((one, i) => note(frame + i, this.#reach > 0 ? thumbnails : [one]));
      return !noted.includes(true);
    });
    const pairs = await this.#compareStill(seen, looks);
    const another = looks.filter(showsAnother);
    const still = pairs.filter(([a, b]) => isFrozen(a, b));
    const frames = [...still.flat(), ...another].map(({ frame }) => frame);
    const suspects = [...new Set([...unseen.map(([frame]) => frame), ...frames])].slice(0, SUSPECTS);
    if (suspects.length === 0) return;
    await this.#judge(suspects, still);
  }

  /** Decodes the source at the random places. @returns the thumbnails, by the frame of the result */
  async seek(): Promise<Map<number, Thumbnail[]>> {
    const found = await together(
      this.#sides,
      this.#places.map(async (frame) => [frame, await this.#seek(frame, RUN)] as const),
    );
    return new Map(found);
  }

  #seek(frame: number, count: number): Promise<Thumbnail[]> {
    const at = sourceTimeOf(this.#before, this.#after, Math.max(0, frame - this.#reach), this.#sides.shift);
    return seekSource(this.#sides, this.#plan, at, count + 2 * this.#reach);
  }

  /** The frame of the result that shows the frame of the source at this time; undefined for a key frame that isn't shown. */
  #frameOf(time: number): number | undefined {
    if (isShort(this.#after)) return frameAt(this.#before, this.#after, time, this.#sides.shift);
    const known = this.#keys.get(time);
    if (known !== undefined) return known;
    for (const [key, frame] of this.#keys) if (Math.abs(key - time) < 0.001) return frame;
    return undefined;
  }

  /** The same frame of both sides: of those it can be, the pair that is most alike. */
  #pair(frame: number, candidates: Thumbnail[], seen: ReadonlyMap<number, Thumbnail>): Look | undefined {
    let best: (Look & { apart: number }) | undefined;
    for (let n = frame - this.#reach; n <= frame + this.#reach; n++) {
      const result = seen.get(n);
      if (!result) continue;
      for (const source of candidates) {
        const apart = difference(source, result);
        if (!best || apart < best.apart) best = { frame: n, source, result, apart };
      }
    }
    return best;
  }

  /** Looks at the source near the start and near the end of stretches that are still in the result. */
  async #compareStill(seen: ReadonlyMap<number, Thumbnail>, looks: Look[]): Promise<[Look, Look][]> {
    const { grid, phase } = this.#grid;
    const even = new Map([...seen].filter(([frame]) => frame % grid === phase));
    const all = stillStretches(even, 2 * grid).sort((a, b) => b.to - b.from - (a.to - a.from));
    const chosen = [...all.slice(0, 1), ...pick(all.slice(1), partsOf(this.#after) - 1, this.#sides.random)];
    const within = ({ from, to }: Stretch) => looks.filter(({ frame }) => frame >= from && frame <= to);
    // One near the start has often been looked at already: a cut is where key frames are.
    const unseen = isShort(this.#after) ? [] : chosen;
    const ends = unseen.flatMap((stretch) => (within(stretch).length > 0 ? [stretch.to] : [stretch.from, stretch.to]));
    const found = await together(
      this.#sides,
      ends.map(async (frame) => this.#pair(frame, await this.#seek(frame, 1), seen)),
    );
    looks.push(...found.filter((look) => look !== undefined));
    return all.flatMap((stretch): [Look, Look][] => {
      const [first, ...others] = within(stretch).sort((a, b) => a.frame - b.frame);
      const last = others.at(-1);
      return first && last ? [[first, last]] : [];
    });
  }

  /** Looks at suspects again, decoding the source from its start, since not all can be sought in exactly. */
  async #judge(suspects: number[], still: [Look, Look][]): Promise<void> {
    const times = suspects.map((frame) => sourceTimeOf(this.#before, this.#after, frame, this.#sides.shift));
    const shown = await decodeSource(this.#sides, this.#plan, times, MOMENT);
    const certain = new Map<number, Look>();
    for (const [i, frame] of suspects.entries()) {
      const looks = await this.#compareAround(shown[i] ?? []);
      const nearest = looks.toSorted((a, b) => Math.abs(a.frame - frame) - Math.abs(b.frame - frame))[0];
      if (!nearest) throw new VerificationError(NOT_COMPARED);
      certain.set(frame, nearest);
      if (showAnother(looks))
        throw new VerificationError(`The result shows another picture than the original at ${this.#at(frame)}.`);
    }
    for (const [first, second] of still) {
      const [a, b] = [certain.get(first.frame), certain.get(second.frame)];
      if (a && b && isFrozen(a, b))
        throw new VerificationError(
          `The result's picture freezes from ${this.#at(a.frame)} to ${this.#at(b.frame)}, where the original's moves.`,
        );
    }
  }

  /** Pairs frames of a moment of the source with those of the result. */
  async #compareAround(moment: Shown[]): Promise<Look[]> {
    const frames = moment.map(([time]) => frameAt(this.#before, this.#after, time, this.#sides.shift) ?? 0);
    const first = Math.max(0, Math.min(...frames) - this.#reach);
    const count = Math.max(...frames) + this.#reach + 1 - first;
    if (!Number.isFinite(count)) return [];
    const at = this.#after.times?.[first] ?? this.#after.first;
    const thumbnails = await seekResult(this.#sides, this.#plan, this.#index, at, count);
    const seen = new Map(thumbnails.map((thumbnail, i) => [first + i, thumbnail]));
    const looks = moment.map(([, thumbnail], i) => this.#pair(frames[i] ?? 0, [thumbnail], seen));
    return looks.filter((look) => look !== undefined);
  }

  #at(frame: number): string {
    return `${((this.#after.times?.[frame] ?? 0) - this.#after.first).toFixed(1)} s`;
  }
}

/** Returns whether most of a moment shows another picture, or this many frames in a row as no encoder is late by. */
function showAnother(moment: Look[]): boolean {
  let [run, longest, count] = [0, 0, 0];
  for (const look of moment) {
    run = showsAnother(look) ? run + 1 : 0;
    longest = Math.max(longest, run);
    count += Math.min(1, run);
  }
  return longest > MAX_LATE || 2 * count > moment.length;
}

/** Chooses up to `count` at random. */
function pick(from: Stretch[], count: number, random: () => number): Stretch[] {
  const left = [...from];
  return Array.from({ length: Math.min(count, left.length) }, () =>
    left.splice(Math.floor(random() * left.length), 1),
  ).flat();
}
