import type { Progress } from '../../../src-shared/jobs/lease.ts';

/** Window over which speed is averaged, in s, so that the time left doesn't jump. */
const WINDOW_S = 20;

/** One block of ffmpeg's -progress output. */
interface Block {
  frame?: number;
  bytes?: number;
  /** Seconds of video that are muxed. */
  time?: number;
}

/** Work done before the current command. */
export interface DoneBefore {
  frames: number;
  bytes: number;
  /** Chunks that are done, and of how many. */
  chunks: { done: number; total: number };
}

/** Turns ffmpeg's -progress lines into the progress of an encode. */
export class EncodeProgress {
  readonly #frames: number | undefined;
  readonly #seconds: number | undefined;
  readonly #samples: { at: number; frame: number; time: number }[] = [];
  #block: Record<string, string> = {};
  #share = 0;
  #before: DoneBefore | undefined;

  /** @param video frames and seconds of the whole video, as far as they are known */
  constructor(video: { frames?: number; seconds?: number }) {
    this.#frames = video.frames;
    this.#seconds = video.seconds;
  }

  /** Where an encode is made of chunks, those before the command that comes next. */
  continueAfter(before: DoneBefore): void {
    this.#before = before;
    // Chunks of other computers came all at once, which says nothing of the speed.
    if (before.frames > (this.#samples.at(-1)?.frame ?? 0) + 1) this.#samples.length = 0;
    if (this.#frames) this.#share = Math.min(1, Math.max(this.#share, before.frames / this.#frames));
  }

  /** Takes a line; returns the bytes written and the progress at the end of each block. */
  add(line: string, now: number): { bytes: number | undefined; progress: Progress } | undefined {
    const [key = '', value = ''] = line.split('=').map((part) => part.trim());
    if (key !== 'progress') {
      this.#block[key] = value;
      return undefined;
    }
    const block = this.#afterOthers(parseBlock(this.#block));
    this.#block = {};
    return { bytes: block.bytes, progress: this.#progress(block, now) };
  }

  #afterOthers(block: Block): Block {
    const before = this.#before;
    if (!before) return block;
    const { frame = 0, bytes = 0 } = block;
    const frames = before.frames + frame;
    // Chunks keep their times, which some versions of ffmpeg report from the first on, and others don't.
    const time = this.#frames && this.#seconds ? (frames / this.#frames) * this.#seconds : 0;
    return { frame: frames, time, bytes: before.bytes + bytes };
  }

  #progress({ frame = 0, time = 0, bytes }: Block, now: number): Progress {
    // The next command of an encode counts from zero.
    if (frame < (this.#samples.at(-1)?.frame ?? 0)) this.#samples.length = 0;
    this.#samples.push({ at: now, frame, time });
    while (this.#samples.length > 2 && now - (this.#samples[0]?.at ?? now) > WINDOW_S * 1000) this.#samples.shift();
    const oldest = this.#samples[0] ?? { at: now, frame, time };
    const elapsed = (now - oldest.at) / 1000;
    const shares = [this.#frames && frame / this.#frames, this.#seconds && time / this.#seconds].filter(
      (s) => s !== undefined,
    );
    // Muxed time lags the frames where a late subtitle holds it back, and frames lag where packets hold single fields.
    this.#share = Math.min(1, Math.max(this.#share, ...shares));
    const fps = elapsed > 0 ? (frame - oldest.frame) / elapsed : undefined;
    const rate = fps && this.#frames ? fps / this.#frames : undefined;
    return {
      stage: 'encoding',
      ...(shares.length > 0 && { share: this.#share }),
      frame,
      ...(fps !== undefined && { fps }),
      ...(elapsed > 0 && { speed: (time - oldest.time) / elapsed }),
      ...(rate && { eta: (1 - this.#share) / rate }),
      ...(bytes !== undefined && { bytes }),
      ...(this.#before && { chunks: this.#before.chunks }),
    };
  }
}

/** ffmpeg writes N/A for unknown values; out_time_us is in microseconds. */
function parseBlock(block: Record<string, string>): Block {
  const number = (text: string | undefined) => {
    const n = Number(text);
    return text && Number.isFinite(n) && n >= 0 ? n : undefined;
  };
  const [frame, bytes, us] = [number(block.frame), number(block.total_size), number(block.out_time_us)];
  return {
    ...(frame !== undefined && { frame }),
    ...(bytes !== undefined && { bytes }),
    ...(us !== undefined && { time: us / 1e6 }),
  };
}
