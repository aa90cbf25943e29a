import { DEEP_PROBE_ARGS, inputArgs, needsDeepProbe } from '../../../../src-shared/plan/ffmpeg-args.ts';
import { count } from '../../../../src-shared/text/format.ts';
import { Fault } from '../../../../src-shared/util/errors.ts';
import type { Tools } from '../../ffmpeg/capabilities.ts';
import { type ProcessManager, type RunOptions, STALL_MS, wasKilled } from '../../ffmpeg/process-manager.ts';
import type { StreamTimeline } from '../../ffmpeg/timeline.ts';
import { Report } from '../../probe/ffprobe-report.ts';
import { AV1_METADATA, HEVC_RPU, hasBorders, type Rpu, rpuOfAv1, rpuOfHevc, sameRpu } from '../../probe/rpu.ts';
import { VerificationError } from '../verify-request.ts';

/** Places that are read, one at random in each part of the video. */
const PLACES = 5;
/** Packets of the source that are read at each. */
const PACKETS = 12;
/** Maximum distance of source and result frames, in s: the rounding of Matroska's milliseconds. */
const SAME_TIME = 0.002;
/** Minimum size of a frame's metadata: its color matrices alone are 64 bytes; the static HDR10 values take 40 at most. */
const MIN_BYTES = 64;

/** How metadata lies in the packets of a codec: the type of its units, and what reads one. */
const CODECS = {
  hevc: { type: HEVC_RPU, read: rpuOfHevc },
  av1: { type: AV1_METADATA, read: rpuOfAv1 },
};

/** A video with Dolby Vision metadata. */
export interface DolbyTrack {
  file: string;
  codec: keyof typeof CODECS;
  demuxer: string;
  /** Index of the video. */
  index: number;
  timeline: StreamTimeline;
}

type How = Pick<RunOptions, 'signal' | 'priority' | 'brake'>;

/** The Dolby Vision metadata of a source or a result, read from its packets: no decoder is asked, whose version could matter. */
export class DolbyVision {
  readonly #processes: ProcessManager;
  readonly #tools: Tools;

  constructor(processes: ProcessManager, tools: Tools) {
    this.#processes = processes;
    this.#tools = tools;
  }

  /**
   * Why the metadata of an HEVC source cannot be kept, as a sentence; undefined when it can.
   * @param turned the picture is stored upright, after which borders that the metadata names would lie elsewhere
   */
  async whyNotKept(source: DolbyTrack, turned: boolean, how: How): Promise<string | undefined> {
    const lacking = await this.#lacking(source, how);
    if (lacking > 0)
      return `${count(lacking, 'frame')} of the video carry no Dolby Vision metadata, so it cannot be kept.`;
    for (const time of places(source.timeline)) {
      for (const { rpu } of await this.#read(source, `${time.toFixed(6)}%+#${PACKETS}`, how)) {
        if (!rpu) return 'The Dolby Vision metadata of the video is of a kind that cannot be kept.';
        if (turned && hasBorders(rpu))
          return 'The Dolby Vision metadata of the video describes borders that lie elsewhere once it is stored upright.';
      }
    }
    return undefined;
  }

  /**
   * Proves that each frame of a result has metadata, and the same as the source's at random frames.
   * @throws VerificationError otherwise
   */
  async check(source: DolbyTrack, result: DolbyTrack, how: How): Promise<void> {
    for (const [track, name] of [
      [source, 'original'],
      [result, 'result'],
    ] as const) {
      const lacking = await this.#lacking(track, how);
      if (lacking > 0)
        throw new VerificationError(`${count(lacking, 'frame')} of the ${name} carry no Dolby Vision metadata.`);
    }
    for (const time of places(source.timeline)) {
      const before = await this.#read(source, `${time.toFixed(6)}%+#${PACKETS}`, how);
      const shift = result.timeline.first - source.timeline.first;
      const times = before.map((frame) => frame.time + shift);
      const span = `${(Math.min(...times) - SAME_TIME).toFixed(6)}%${(Math.max(...times) + SAME_TIME).toFixed(6)}`;
      const after = await this.#read(result, span, how);
      if (before.length === 0)
        throw new VerificationError('The Dolby Vision metadata of the original could not be read.');
      before.forEach(({ rpu }, i) => {
        const at = times[i] ?? Number.NaN;
        const kept = after.find((frame) => Math.abs(frame.time - at) <= SAME_TIME)?.rpu;
        if (!rpu || !kept || !sameRpu(rpu, kept))
          throw new VerificationError(
            `The Dolby Vision metadata at ${(at - result.timeline.first).toFixed(1)} s is not the original's.`,
          );
      });
    }
  }

  /** Number of packets without metadata; those that an edit list hides count too. */
  async #lacking({ file, demuxer, index, codec }: DolbyTrack, how: How): Promise<number> {
    let lacking = 0;
    const map = ['-map', `0:${index}`];
    const args = ['-nostdin', '-hide_banner', '-v', 'error', ...inputArgs(demuxer, file), ...map, ...map, '-c', 'copy'];
    args.push('-bsf:v:1', `filter_units=pass_types=${CODECS[codec].type}`, '-f', 'framecrc', '-');
    const end = await this.#processes.run(this.#tools.ffmpeg, args, {
      ...how,
      stallMs: STALL_MS,
      onStdout: (line) => {
        // Stream, decoding and presentation time, duration, size, checksum. A frame without an RPU has no packet.
        const [stream, , , , size] = line.split(',').map((field) => field.trim());
        if (stream === '0') lacking += 1;
        if (stream === '1' && Number(size) >= MIN_BYTES) lacking -= 1;
      },
    });
    if (end.kind === 'cancelled') throw how.signal?.reason ?? new Error('cancelled');
    if (wasKilled(end)) throw new Fault('node', 'ffmpeg was killed while it read Dolby Vision metadata.');
    if (end.kind !== 'exit' || end.code !== 0)
      throw new Fault('conflict', 'its Dolby Vision metadata could not be read to the end.');
    return lacking;
  }

  /** The frames of an interval in ffprobe's form, which begins at the key frame before it. */
  async #read(track: DolbyTrack, interval: string, how: How): Promise<{ time: number; rpu: Rpu | undefined }[]> {
    const { file, demuxer, index, codec } = track;
    const deep = needsDeepProbe(demuxer) ? DEEP_PROBE_ARGS : [];
    const args = ['-hide_banner', '-v', 'error', '-protocol_whitelist', 'file', ...deep, '-f', demuxer];
    args.push('-select_streams', String(index), '-read_intervals', interval, '-show_packets', '-show_data');
    args.push('-of', 'json', '-i', `file:${file}`);
    const { end, stdout } = await this.#processes.capture(this.#tools.ffprobe, args, { ...how, stallMs: STALL_MS });
    if (end.kind === 'cancelled') throw how.signal?.reason ?? new Error('cancelled');
    if (wasKilled(end)) throw new Fault('node', 'ffprobe was killed while it read Dolby Vision metadata.');
    if (end.kind !== 'exit' || end.code !== 0)
      throw new Fault('conflict', 'its Dolby Vision metadata could not be read.');
    return Report.parse(JSON.parse(stdout)).packets.flatMap(({ pts_time: time, flags, data }) =>
      time === undefined || flags.includes('D') ? [] : [{ time, rpu: CODECS[codec].read(data) }],
    );
  }
}

/** Times of random frames, one in each part of a video. */
function places({ times = new Float64Array() }: StreamTimeline): number[] {
  const random = (part: number) => times[Math.floor(((part + Math.random()) * times.length) / PLACES)];
  return Array.from({ length: PLACES }, (_, part) => random(part)).filter((time) => time !== undefined);
}
