import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import pLimit from 'p-limit';
import { POSITIONS } from '../../../src-shared/media/preview-positions.ts';
import { dynamicRange, mainVideo, type Probe } from '../../../src-shared/media/probe.ts';
import { inputArgs } from '../../../src-shared/plan/ffmpeg-args.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import type { Tools } from './capabilities.ts';
import type { ProcessManager } from './process-manager.ts';

/** ffmpegs at a time. */
const AT_A_TIME = 2;
/** A picture that takes longer comes from a broken file or a dead mount. */
const FRAME_MS = 30_000;
/** Bytes of pictures that are remembered. */
const REMEMBERED = 32_000_000;
/** Seeking half a frame too early is harmless; a hair too late shows the next one. */
const SEEK_EARLY = 0.002;

/** PQ and HLG as a standard screen shows them; both sides of a comparison are treated alike. */
const TO_SDR =
  'zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,tonemap=hable:desat=0,zscale=t=bt709:m=bt709:r=tv,format=yuv420p';

/** A picture of a video. */
export interface FrameRequest {
  /** Absolute path. */
  file: string;
  /** Distinguishes this content of the file from any other. */
  version: string;
  probe: Probe;
  /** Filters that the encoder saw the picture through, so that both sides look alike. */
  filters: string[];
  /** One of {@link POSITIONS}, or the second of another moment. */
  position: number | { at: number };
  /** Seconds of the video, the same for both sides, so that they show the same moment. */
  duration: number;
  /** Pixels, at the most. */
  width: number;
}

/** Makes JPEG pictures of videos, and remembers the latest. */
export class Frames {
  readonly #processes: ProcessManager;
  readonly #tools: Tools;
  readonly #folder: string;
  readonly #turn = pLimit(AT_A_TIME);
  readonly #remembered = new Map<string, Promise<Buffer>>();
  readonly #stopping = new AbortController();
  #bytes = 0;
  #made = 0;

  /** @param folder for unfinished pictures */
  constructor(processes: ProcessManager, tools: Tools, folder: string) {
    this.#processes = processes;
    this.#tools = tools;
    this.#folder = folder;
  }

  stop(): void {
    this.#stopping.abort(new Error('stopped'));
  }

  /** @throws Fault `conflict` when the video gives no picture there */
  get(request: FrameRequest): Promise<Buffer> {
    const { file, version, position, width } = request;
    const key = [file, version, typeof position === 'number' ? position : `at ${position.at}`, width].join('|');
    const known = this.#remembered.get(key);
    if (known) return known;
    const making = this.#turn(() => this.#make(request));
    this.#remembered.set(key, making);
    making.then(
      ({ length }) => this.#keep(length),
      () => this.#remembered.delete(key),
    );
    return making;
  }

  /** Forgets the oldest pictures when there are too many. */
  async #keep(bytes: number): Promise<void> {
    this.#bytes += bytes;
    for (const [key, oldest] of this.#remembered) {
      if (this.#bytes <= REMEMBERED) return;
      this.#remembered.delete(key);
      // One that fails was never counted.
      this.#bytes -= await oldest.then(
        ({ length }) => length,
        () => 0,
      );
    }
  }

  async #make(request: FrameRequest): Promise<Buffer> {
    const video = mainVideo(request.probe);
    if (!video) throw new Fault('conflict', `There is no picture in ${path.basename(request.file)}.`);
    await mkdir(this.#folder, { recursive: true });
    this.#made += 1;
    const picture = path.join(this.#folder, `${this.#made}.jpg`);
    const hdr = dynamicRange(video) !== 'SDR';
    const scale = [`scale=iw*sar:ih,setsar=1,scale=w='min(iw,${request.width})':h=-2`];
    try {
      // An ffmpeg without zscale shows HDR paler than it is.
      for (const filters of hdr ? [[TO_SDR], []] : [[]]) {
        const args = frameArgs(request, video.index, [...request.filters, ...filters, ...scale], picture);
        const { end } = await this.#processes.capture(this.#tools.ffmpeg, args, {
          timeoutMs: FRAME_MS,
          signal: this.#stopping.signal,
        });
        const made = end.kind === 'exit' && end.code === 0 ? await readFile(picture).catch(() => undefined) : undefined;
        if (made) return made;
      }
    } finally {
      await rm(picture, { force: true });
    }
    throw new Fault('conflict', `No picture could be read from ${path.basename(request.file)} at this place.`);
  }
}

function frameArgs(request: FrameRequest, index: number, filters: string[], picture: string): string[] {
  const { probe, duration, position } = request;
  const demuxer = probe.format.split(',')[0] ?? '';
  // ffmpeg seeks from the container's first time, the video begins with the picture's.
  const lead = (mainVideo(probe)?.start ?? 0) - (probe.start ?? 0);
  const moment = typeof position === 'number' ? ((position + 0.5) / POSITIONS.length) * duration : position.at;
  const time = Math.max(0, moment + Math.max(0, lead) - SEEK_EARLY);
  const seek = ['-nostdin', '-hide_banner', '-v', 'error', '-y', '-an', '-sn', '-dn', '-ss', time.toFixed(3)];
  return [
    ...seek,
    ...inputArgs(demuxer, request.file),
    '-map',
    `0:${index}`,
    '-frames:v',
    '1',
    '-vf',
    filters.join(','),
    '-q:v',
    '3',
    '-f',
    'image2',
    '-update',
    '1',
    `file:${picture}`,
  ];
}
