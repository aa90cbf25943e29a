import path from 'node:path';
import type { Probe } from '../../../src-shared/media/probe.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import { storageGone } from '../../media/ffmpeg/storage-gone.ts';
import type { Timeline } from '../../media/ffmpeg/timeline.ts';
import { Shape, shapeChange } from '../../media/probe/shape.ts';
import { Damage } from './damage.ts';

/** Lines of ffmpeg that are kept with an attempt. */
const KEPT_LINES = 200;

/** Contexts of lines that speak of the result, not of the source: encoders and muxers. */
const OUTPUT_SIDE = /libsvtav1|libopus|svt\[|\[(matroska|mp4|webm|srt|mov_text|null) @|\b[av]ost#|\benc:|\bout#|\bmux/i;

const DISK_FULL = /No space left on device|Disk quota exceeded/;

/** Line in which a filter graph reports its input: with colors from ffmpeg 7.0 on. */
const FILTER_INPUT =
  /\[graph -?\d+ input from stream (\d+:\d+) @ .* w:(\d+) h:(\d+) pixfmt:(\S+)(?:.* csp:(\S+) range:(\S+))?/;

const SOUND_INPUT = /\[graph_-?\d+_in_0[:_](\d+) @ .* chlayout:(\S+)/;

/** Parses ffmpeg's log, with the level of each line (`-loglevel level+…`): keeps important lines and facts about the source. */
export class EncoderLog {
  readonly #lines: string[] = [];
  readonly #decoded = new Map<number, number>();
  readonly #probe: Probe | undefined;
  readonly #losses: Damage;
  readonly #layouts = new Map<number, Set<string>>();
  #damage = 0;
  #firstDamage: string | undefined;
  readonly #shapes: Map<string, Shape>;
  /** True while decoding pictures before the first one of the encode, which don't count. */
  #leading: boolean;
  #change: string | undefined;
  #lastError: string | undefined;
  #diskFull = false;
  #storageGone: string | undefined;

  /**
   * @param probe of the source, to measure how much of it is damaged
   * @param from - `shapes`: properties of earlier pictures; `seeks`: decoding begins in the middle of the source, where the first
   *   pictures may lack the frames that they refer to
   */
  constructor(probe?: Probe, from: { shapes?: ReadonlyMap<string, Shape>; seeks?: boolean } = {}) {
    this.#probe = probe;
    this.#losses = new Damage(probe);
    this.#shapes = new Map(from.shapes);
    this.#leading = from.seeks ?? false;
  }

  add(line: string): void {
    const stats = /Input stream #0:(\d+) \(video\): .*?(\d+) frames decoded/.exec(line);
    if (stats) this.#decoded.set(Number(stats[1]), Number(stats[2]));
    this.#noteShape(line);
    this.#noteLayout(line);
    this.#losses.look(line);
    const level = /\[(panic|fatal|error|warning)\]/.exec(line)?.[1];
    if (!level && !/^Svt\[(error|warn)/.test(line)) return;
    this.#lines.push(line);
    if (this.#lines.length > KEPT_LINES) this.#lines.shift();
    if (level === 'warning' || !level) return;
    this.#lastError = plain(line);
    this.#storageGone ??= storageGone(line);
    if (DISK_FULL.test(line)) this.#diskFull = true;
    else if (!OUTPUT_SIDE.test(line) && !this.#leading) {
      this.#losses.add(line);
      this.#damage += 1;
      this.#firstDamage ??= plain(line);
    }
  }

  /** Errors that reading and decoding the source gave, with the first of them; undefined when there were none. */
  get damage(): { count: number; first: string } | undefined {
    return this.#firstDamage === undefined ? undefined : { count: this.#damage, first: this.#firstDamage };
  }

  /** Seconds of the source that couldn't be decoded; Infinity if unknown. */
  lostSeconds(timeline: Timeline): number {
    if (!this.damage) return 0;
    if (!this.#probe) return Number.POSITIVE_INFINITY;
    return this.#losses.lostSeconds(this.#probe, timeline, (index) => this.#decoded.get(index));
  }

  /** Channel layouts that the source's stream `index` was decoded to, in order. */
  layouts(index: number): string[] {
    return [...(this.#layouts.get(index) ?? [])];
  }

  #noteLayout(line: string): void {
    const [, index, layout] = SOUND_INPUT.exec(line) ?? [];
    if (!layout) return;
    const seen = this.#layouts.get(Number(index)) ?? new Set();
    this.#layouts.set(Number(index), seen.add(layout));
  }

  /**
   * Checks that the log is about the video, not about storage.
   * @param files the input, and the output folder
   * @throws Fault `node` when a disk is full, or storage went away
   */
  requireStorage({ input, folder }: { input: string; folder: string }): void {
    if (this.#diskFull) {
      throw new Fault(
        'node',
        `The disk of the temporary folder ${path.dirname(folder)} is full; free some space or set another folder with TEMP_DIR.`,
      );
    }
    if (this.#storageGone)
      throw new Fault(
        'node',
        `The storage of ${input} or of ${folder} went away (${this.#storageGone}); connect it again.`,
      );
  }

  /** What changed in the pictures of the source in mid-video, in words: ffmpeg scales all of them to the first ones' size. */
  get change(): string | undefined {
    return this.#change;
  }

  /** A filter graph is configured once, and again whenever its input changes. */
  #noteShape(line: string): void {
    const [, stream, width, height, pix_fmt, color_space, color_range] = FILTER_INPUT.exec(line) ?? [];
    if (!stream) return;
    this.#leading = false;
    const shape = Shape.parse({ width, height, pix_fmt, color_space, color_range });
    const first = this.#shapes.get(stream);
    if (first) this.#change ??= shapeChange(first, shape);
    else this.#shapes.set(stream, shape);
  }

  /** First properties of the pictures of each stream. */
  get shapes(): ReadonlyMap<string, Shape> {
    return this.#shapes;
  }

  get lastError(): string | undefined {
    return this.#lastError;
  }

  /** Frames that were decoded from the source's stream `index`. */
  decodedFrames(index: number): number | undefined {
    return this.#decoded.get(index);
  }

  /** The end of the log, under the commands. */
  text(commands: string[]): string {
    return [...commands, ...this.#lines].join('\n');
  }
}

/** A line without contexts and levels: `[h264 @ 0x5581] [error] no frame!` -> `no frame!`. */
function plain(line: string): string {
  return line.replace(/^(\[[^\]]*\]\s*)+/, '').trim();
}
