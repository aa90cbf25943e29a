import path from 'node:path';
import {
  type AudioStream,
  type Colour,
  PROBE_REVISION,
  Probe,
  type Stream,
  type VideoStream,
} from '../../../src-shared/media/probe.ts';
import { decodes } from '../../../src-shared/plan/decoders.ts';
import { DEEP_PROBE_ARGS, needsDeepProbe } from '../../../src-shared/plan/ffmpeg-args.ts';
import { visibleSize } from '../../../src-shared/plan/video-plan.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import type { AskCapabilities, Tools } from '../ffmpeg/capabilities.ts';
import type { ProcessManager } from '../ffmpeg/process-manager.ts';
import { type FfprobeFrame, type FfprobeStream, Report, STILL_CODECS, tagKinds, toStream } from './ffprobe-report.ts';
import { measureFields } from './interlacing.ts';
import { readTracks } from './matroska.ts';
import { hiddenBorders, readMp4Tracks } from './mp4.ts';
import { findExtras } from './nal.ts';
import { holdsObjects, OBJECT_CODECS } from './object-audio.ts';
import { readChapterFeatures } from './segments.ts';
import { SHAPE_ENTRIES } from './shape.ts';
import { addDecoded, decodedPlaces, HEARD_ENTRIES } from './sound-probe.ts';
import { stereoOfMode } from './stereo.ts';
import { readTags } from './tags.ts';
import { teletextPages } from './teletext.ts';

/** A disk that was asleep is up by then, and a failing one has tried its reads again (some for half a minute). */
const PROBE_MS = 60_000;
/** Decoded frames that are looked at for interlacing and HDR metadata. */
const FRAMES = 20;
/** Packets of pictures that are looked at for layers and metadata, at the start and at each later place. */
const [PICTURE_PACKETS, LATER_PACKETS] = [3, 1];
/** Packets of a sound track that are looked at for objects; TrueHD describes itself in one of 128. */
const [OBJECT_PACKETS, TRUEHD_PACKETS] = [4, 130];
/** Videos longer than this, in s, are sampled in these places too, as shares of their length, and at this distance from their end, in s. */
const LONG = 2;
const LATER_PLACES = [0.15, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9];
const BEFORE_END = 1;
const LATER_FRAMES = 4;
/** Where the packets of a possible cover are counted, as shares of the length. */
const STILL_PLACES = [0, 0.25, 0.5, 0.75];

/** Containers that results can have too, by the names that files of them have. */
const OWN_CONTAINERS: Record<string, [demuxer: RegExp, container: NonNullable<Probe['container']>]> = {
  '.mp4': [/\bmp4\b/, 'mp4'],
  '.m4v': [/\bmp4\b/, 'mp4'],
  '.webm': [/\bwebm\b/, 'webm'],
};

function ownContainer(file: string, format: string): Probe['container'] {
  const [demuxer, container] = OWN_CONTAINERS[path.extname(file).toLowerCase()] ?? [];
  return demuxer?.test(format) ? container : undefined;
}

/** Adds what Matroska says and ffprobe does not report. */
async function addTracks(file: string, streams: Stream[]): Promise<void> {
  for (const [index, track] of ((await readTracks(file)) ?? []).entries()) {
    const stream = streams[index];
    if (!stream || (stream.type !== track.type && !(stream.type === 'data' && track.type === 'metadata'))) continue;
    if (track.language && track.language !== 'und') stream.bcp47 = track.language;
    if (stream.type === 'subtitle' && !stream.codec && track.codec) stream.tag = track.codec;
    if (stream.type !== 'video') continue;
    addContainerColour(stream, track.colour);
    const stereo = stereoOfMode(track.stereoMode);
    if (stereo) stream.stereo = stereo;
    if (!track.crop) continue;
    stream.crop = track.crop;
    const { width, height } = visibleSize(stream);
    // Without a display size, or with one in an unspecified unit, pixels are square (RFC 9559, 5.1.4.1.28.12).
    const { displayWidth, displayHeight, displayUnit = 0 } = track;
    const aspect =
      displayWidth && displayHeight && displayUnit < 4 ? (displayWidth / displayHeight) * (height / width) : 1;
    if (Math.abs(aspect - 1) < 0.001) delete stream.pixelAspect;
    else stream.pixelAspect = aspect;
  }
}

/** The same of MP4. */
async function addMp4Tracks(
  file: string,
  reported: { index: number; id?: string | undefined }[],
  streams: Stream[],
): Promise<void> {
  const tracks = await readMp4Tracks(file);
  for (const stream of streams) {
    const id = Number(reported.find(({ index }) => index === stream.index)?.id);
    const track = tracks.get(id);
    if (stream.type !== 'video' || !track) continue;
    addContainerColour(stream, track.colour);
    // Spatial video, of which the second eye is a layer that may begin later than the packets that were looked at.
    if (track.spatial) stream.layers = true;
    const crop = hiddenBorders(stream, track.aperture);
    if (crop) stream.crop = crop;
  }
}

/** Codecs that cannot say their range. */
const NO_RANGE = new Set(['mpeg1video', 'mpeg2video']);

/**
 * Completes the color description of the bitstream with the container's, and records where the container disagrees:
 * players use the decoder's values, and the container's only if there are none.
 */
function addContainerColour(video: VideoStream, container: Colour = {}): void {
  const own = { ...video.colour };
  // A decoder's default where the stream specifies nothing.
  const supposed =
    video.codec === 'hevc' ? !own.matrix && !own.transfer && !own.primaries : NO_RANGE.has(video.codec ?? '');
  if (supposed && container.range) delete own.range;
  const other = Object.entries(container).filter(
    ([field, value]) => value && (own[field as keyof Colour] ?? value) !== value,
  );
  if (other.length > 0) video.containerColour = Object.fromEntries(other);
  const merged = { ...container, ...own };
  if (Object.keys(merged).length > 0) video.colour = merged;
}

/** What ffprobe is to read: so much of the start and of some places throughout, and where it cannot seek, of the start alone. */
function intervalsOf(start: number, duration: number, first: number, later: number): string[] {
  const places = duration > LONG ? [...LATER_PLACES.map((share) => share * duration), duration - BEFORE_END] : [];
  const throughout = places.map((place) => `${(start + place).toFixed(3)}%+#${later}`);
  const begin = `%+#${first}`;
  return throughout.length > 0 ? [[begin, ...throughout].join(','), begin] : [begin];
}

/** Asks ffprobe about a media file. */
export class Prober {
  readonly #processes: ProcessManager;
  readonly #tools: Tools;
  readonly #caps: AskCapabilities;
  readonly #timeoutMs: number;

  /** @param timeoutMs after which an ffprobe that is silent waits for its disk: that is no fault of the file */
  constructor(processes: ProcessManager, tools: Tools, caps: AskCapabilities, timeoutMs = PROBE_MS) {
    this.#processes = processes;
    this.#tools = tools;
    this.#caps = caps;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Streams, chapters, and the first decoded frames, where HDR metadata, captions and interlacing show.
   * @throws Fault `conflict` when the file cannot be read as media, with ffprobe's reason
   */
  async probe(file: string, signal?: AbortSignal): Promise<Probe> {
    const first = await this.#ask(file, [], ['-show_format', '-show_streams', '-show_chapters'], signal);
    const demuxer = first.format?.format_name.split(',')[0] ?? '';
    const deep = needsDeepProbe(demuxer) ? DEEP_PROBE_ARGS : [];
    const report =
      deep.length > 0
        ? await this.#ask(file, deep, ['-show_format', '-show_streams', '-show_chapters'], signal)
        : first;
    if (!report.format) throw new Fault('conflict', 'ffprobe finds no media in it.');
    const container = ownContainer(file, report.format.format_name);
    const streams: Stream[] = [];
    const claimed = report.format.duration ?? 0;
    const caps = await this.#caps();
    for (const s of report.streams) {
      const still = await this.#isStill(file, deep, s, claimed, signal);
      const unknown = s.codec_type === 'video' && s.codec_name !== undefined && !decodes(caps, s.codec_name);
      const pictures = !still && s.codec_type === 'video' && s.disposition.attached_pic !== 1 && s.codec_name;
      const moving = pictures && !unknown && s.width > 0;
      const stream = toStream(s, moving ? await this.#frames(file, deep, s.index, report.format, signal) : [], still);
      if (moving && stream.type === 'video') {
        const fields = await measureFields(this.#processes, this.#tools, file, demuxer, stream, claimed, signal);
        if (fields) stream.fields = fields;
      }
      if (unknown && stream.type === 'video') stream.undecodable = caps.version;
      if (moving && stream.type === 'video') await this.#addExtras(file, deep, stream, report.format, signal);
      if (stream.type === 'audio' && (await this.#hasObjects(file, deep, stream, signal))) stream.objects = true;
      const { customTags } = container === 'mp4' ? tagKinds(s.tags) : {};
      if (customTags) stream.customTags = customTags;
      if (stream.type === 'subtitle' && stream.codec === 'dvb_teletext') {
        const what = ['-select_streams', String(s.index), '-show_data', '-show_entries', 'stream=index,extradata'];
        const [told] = (await this.#ask(file, deep, what, signal)).streams;
        stream.teletext = teletextPages(told?.extradata ?? Buffer.of(), stream.language);
      }
      streams.push(stream);
    }
    const { format_name: format, duration, start_time: start, tags } = report.format;
    await this.#listen(file, deep, streams, { start, duration }, signal);
    if (demuxer === 'matroska') await addTracks(file, streams);
    if (demuxer === 'mov') await addMp4Tracks(file, report.streams, streams);
    const chapterFeatures = demuxer === 'matroska' ? await readChapterFeatures(file, report.chapters.length) : [];
    const own = demuxer === 'matroska' ? await readTags(file) : {};
    const title = own.title ?? tags.title;
    // As it's stored and sent to workers, so that both sides of a comparison have truncated the same texts.
    return Probe.parse({
      format,
      revision: PROBE_REVISION,
      ...(container && { container }),
      ...(duration && duration > 0 && { duration }),
      ...(start && { start }),
      streams,
      chapters: report.chapters.length,
      ...(chapterFeatures.length > 0 && { chapterFeatures }),
      ...(title && { title }),
      ...(own.mergedTags && { mergedTags: own.mergedTags }),
      ...(container === 'mp4' && tagKinds(tags)),
    });
  }

  /** Whether pictures of a codec for still ones are one picture: a cover without its flag. */
  async #isStill(
    file: string,
    deep: string[],
    { index, codec_name: codec = '', nb_frames: frames, disposition }: FfprobeStream,
    duration: number,
    signal?: AbortSignal,
  ): Promise<boolean> {
    if (!STILL_CODECS.has(codec) || disposition.attached_pic === 1) return false;
    if (frames) return frames === 1;
    const places = STILL_PLACES.map((share) => (share > 0 ? `${(share * duration).toFixed(3)}%+1` : '%+20'));
    const what = ['-select_streams', String(index), '-show_packets', '-read_intervals', places.join(',')];
    const { packets } = await this.#ask(file, deep, what, signal);
    // A seek may lead back to one that was seen before.
    return new Set(packets.map((packet) => packet.pts_time)).size === 1;
  }

  /** Adds the results of decoding the audio tracks: layouts that change, codecs that can't be decoded. */
  async #listen(
    file: string,
    deep: string[],
    streams: Stream[],
    { start = 0, duration = 0 }: { start?: number | undefined; duration?: number | undefined },
    signal?: AbortSignal,
  ): Promise<void> {
    if (!streams.some((s) => s.type === 'audio' && s.codec !== 'opus')) return;
    const places = decodedPlaces(start, duration);
    for (const intervals of places.length > 1 ? [places, places.slice(0, 1)] : [places]) {
      try {
        const what = ['-read_intervals', intervals.join(','), ...HEARD_ENTRIES];
        addDecoded(streams, (await this.#ask(file, deep, what, signal)).packets_and_frames);
        return;
      } catch (error) {
        // Not all can be sought in, and what does not decode is the encoder's finding to make.
        if (!(error instanceof Fault && error.code === 'conflict')) throw error;
      }
    }
  }

  /** The first frames, and a few throughout: captions and dynamic metadata may begin late, and pictures may change. */
  async #frames(
    file: string,
    deep: string[],
    index: number,
    { duration = 0, start_time: start = 0 }: { duration?: number | undefined; start_time?: number | undefined },
    signal?: AbortSignal,
  ): Promise<FfprobeFrame[]> {
    const entries = ['-show_frames', '-show_entries', `frame=interlaced_frame,${SHAPE_ENTRIES}:frame_side_data_list`];
    for (const intervals of intervalsOf(start, duration, FRAMES, LATER_FRAMES)) {
      const what = ['-read_intervals', intervals, '-select_streams', String(index), ...entries];
      try {
        return (await this.#ask(file, deep, what, signal)).frames;
      } catch (error) {
        // A stream that does not decode is the encoder's finding to make; its header was readable. Nor can all be sought in.
        if (!(error instanceof Fault && error.code === 'conflict')) throw error;
      }
    }
    return [];
  }

  /** Adds what only the units of the stream show, in its first packets and in some throughout: layers may begin late. */
  async #addExtras(
    file: string,
    deep: string[],
    video: VideoStream,
    { duration = 0, start_time: start = 0 }: { duration?: number | undefined; start_time?: number | undefined },
    signal?: AbortSignal,
  ): Promise<void> {
    const { codec = '', index } = video;
    if (codec !== 'h264' && codec !== 'hevc') return;
    const entries = ['-select_streams', String(index), '-show_packets', '-show_data'];
    const [all = '', first] = intervalsOf(start, duration, PICTURE_PACKETS, LATER_PACKETS);
    const ask = (intervals: string) => this.#ask(file, deep, ['-read_intervals', intervals, ...entries], signal);
    const { packets } = await ask(all).catch((error) => {
      // Not all can be sought in.
      if (first === undefined || !(error instanceof Fault && error.code === 'conflict')) throw error;
      return ask(first);
    });
    const { layers, secondView, ...rest } = findExtras(
      codec,
      packets.map(({ data }) => data),
    );
    Object.assign(video, rest, (layers || secondView) && { layers: true });
  }

  async #hasObjects(file: string, deep: string[], stream: AudioStream, signal?: AbortSignal): Promise<boolean> {
    const { codec = '', index } = stream;
    if (!OBJECT_CODECS.has(codec)) return false;
    const count = codec === 'truehd' ? TRUEHD_PACKETS : OBJECT_PACKETS;
    const first = ['-select_streams', String(index), '-read_intervals', `%+#${count}`];
    const { packets } = await this.#ask(file, deep, [...first, '-show_packets', '-show_data'], signal);
    return packets.some(({ data }) => holdsObjects(codec, data));
  }

  async #ask(file: string, deep: string[], what: string[], signal?: AbortSignal) {
    const args = [
      '-hide_banner',
      '-v',
      'error',
      '-protocol_whitelist',
      'file',
      ...deep,
      ...what,
      '-of',
      'json',
      '-i',
      `file:${file}`,
    ];
    const { end, stdout, stderr } = await this.#processes.capture(this.#tools.ffprobe, args, {
      timeoutMs: this.#timeoutMs,
      ...(signal && { signal }),
    });
    if (end.kind === 'cancelled') throw signal?.reason ?? new Error('cancelled');
    if (end.kind === 'stalled')
      throw new Fault(
        'node',
        `ffprobe got no answer in ${this.#timeoutMs / 1000} seconds; its disk may be asleep or very busy`,
      );
    if (end.kind === 'killed') throw new Fault('node', `ffprobe was killed (${end.signal}).`);
    if (end.code !== 0) throw new Fault('conflict', plainReason(stderr, file));
    return Report.parse(JSON.parse(stdout));
  }
}

/** ffprobe's last words without addresses and paths. */
function plainReason(stderr: string[], file: string): string {
  const last = stderr
    .at(-1)
    ?.replaceAll(`file:${file}`, '')
    .replaceAll(file, '')
    .replace(/^\[[^\]]*\]\s*/, '')
    .replace(/^[:\s]+/, '');
  return `ffprobe cannot read it: ${last || 'no reason given'}.`;
}
