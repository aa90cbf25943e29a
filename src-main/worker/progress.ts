import type { Progress } from '../../src-shared/lease.ts';

/** Speed is averaged over so many seconds, so that the time left does not jump. */
const WINDOW_S = 20;

/** What one block of ffmpeg's -progress output says. */
interface Block {
  frame?: number;
  bytes?: number;
  /** Seconds of film that are muxed. */
  time?: number;
}

/** Turns ffmpeg's -progress lines into the progress of an encode. */
export class EncodeProgress {
  readonly #frames: number | undefined;
  readonly #seconds: number | undefined;
  readonly #samples: { at: number; frame: number; time: number }[] = [];
  #block: Record<string, string> = {};
  #share = 0;

  /** @param film frames and seconds of the whole film, as far as they are known */
  constructor(film: { frames?: number; seconds?: number }) {
    this.#frames = film.frames;
    this.#seconds = film.seconds;
  }

  /** Takes a line; returns the bytes written and the progress at the end of each block. */
  add(line: string, now: number): { bytes: number | undefined; progress: Progress } | undefined {
    const [key = '', value = ''] = line.split('=').map((part) => part.trim());
    if (key !== 'progress') {
      this.#block[key] = value;
      return undefined;
    }
    const block = parseBlock(this.#block);
    this.#block = {};
    return { bytes: block.bytes, progress: this.#progress(block, now) };
  }

  #progress({ frame = 0, time = 0 }: Block, now: number): Progress {
    // The next command of an encode begins anew.
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
    };
  }
}

/** ffmpeg writes N/A for what it does not know; out_time_us is in microseconds. */
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
