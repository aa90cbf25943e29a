import path from 'node:path';
import { Fault } from '../../src-shared/errors.ts';
import type { Probe } from '../../src-shared/media.ts';
import { Shape, shapeChange } from '../media/shape.ts';
import { storageGone } from '../media/storage-gone.ts';
import type { Timeline } from '../media/timeline.ts';
import { Damage } from './damage.ts';

/** Lines of ffmpeg that are kept with an attempt. */
const KEPT_LINES = 200;

/** Contexts of lines that speak of the result, not of the source: encoders and muxers. */
const OUTPUT_SIDE = /libsvtav1|libopus|svt\[|\[(matroska|mp4|webm|srt|mov_text|null) @|\b[av]ost#|\benc:|\bout#|\bmux/i;

const DISK_FULL = /No space left on device|Disk quota exceeded/;

/** What a filter graph is set up for: colors from ffmpeg 7.0 on. */
const FILTER_INPUT =
  /\[graph -?\d+ input from stream (\d+:\d+) @ .* w:(\d+) h:(\d+) pixfmt:(\S+)(?:.* csp:(\S+) range:(\S+))?/;

const SOUND_INPUT = /\[graph_-?\d+_in_0[:_](\d+) @ .* chlayout:(\S+)/;

/** Reads ffmpeg's log, each line with its level (`-loglevel level+…`): keeps what matters and finds what it says of the source. */
export class EncoderLog {
  readonly #lines: string[] = [];
  readonly #decoded = new Map<number, number>();
  readonly #probe: Probe | undefined;
  readonly #losses: Damage;
  readonly #layouts = new Map<number, Set<string>>();
  #damage = 0;
  #firstDamage: string | undefined;
  readonly #shapes = new Map<string, Shape>();
  #change: string | undefined;
  #lastError: string | undefined;
  #diskFull = false;
  #storageGone: string | undefined;

  /** @param probe of the source, to measure how much of it is damaged */
  constructor(probe?: Probe) {
    this.#probe = probe;
    this.#losses = new Damage(probe);
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
    else if (!OUTPUT_SIDE.test(line)) {
      this.#losses.add(line);
      this.#damage += 1;
      this.#firstDamage ??= plain(line);
    }
  }

  /** Errors that reading and decoding the source gave, with the first of them; undefined when there were none. */
  get damage(): { count: number; first: string } | undefined {
    return this.#firstDamage === undefined ? undefined : { count: this.#damage, first: this.#firstDamage };
  }

  /** Seconds of the source that could not be decoded; Infinity where that cannot be told. */
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
   * Whether what it says is of the film at all.
   * @param files what was read, and the folder that was written to
   * @throws Fault `node` when it is not: a disk ran full, or storage went away
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

  /** Filters are set up once, and once more whenever what they are given changes. */
  #noteShape(line: string): void {
    const [, stream, width, height, pix_fmt, color_space, color_range] = FILTER_INPUT.exec(line) ?? [];
    if (!stream) return;
    const shape = Shape.parse({ width, height, pix_fmt, color_space, color_range });
    const first = this.#shapes.get(stream);
    if (first) this.#change ??= shapeChange(first, shape);
    else this.#shapes.set(stream, shape);
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
