/** Which codecs a conversion has to decode, and whether an ffmpeg can. */

import type { Capabilities } from '../fleet/worker-info.ts';
import { codecName } from '../media/describe.ts';
import type { Probe, Stream } from '../media/probe.ts';
import type { Settings } from '../settings/settings.ts';
import type { Skip } from './skip.ts';
import type { StreamPlan } from './stream-plan.ts';

/** ffmpeg's name of the captions inside pictures. */
const CAPTIONS = 'eia_608';
/** Stands for keeping Dolby Vision in the list of needs. */
const DOLBY_VISION = 'dolby-vision';

/** Codecs that libraries are full of, by ffmpeg's names: an ffmpeg that lacks one of them is not a full build. */
const USUAL =
  'h264 hevc mpeg1video mpeg2video mpeg4 msmpeg4v3 vc1 wmv3 vp8 vp9 av1 mjpeg aac ac3 eac3 dts truehd mp2 mp3 flac opus vorbis wmav2';

/** Whether an ffmpeg decodes a codec. One that does not list its decoders is taken to decode all: the encode would show it. */
export function decodes({ decoders }: Pick<Capabilities, 'decoders'>, codec: string): boolean {
  return decoders?.includes(codec) ?? true;
}

/** The names of the usual codecs that an ffmpeg cannot decode. */
export function missingDecoders(caps: Pick<Capabilities, 'decoders'>): string[] {
  const missing = USUAL.split(' ').filter((codec) => !decodes(caps, codec));
  return [...new Set(missing.map(codecName))];
}

const TRACKS: Partial<Record<Stream['type'], string>> = { audio: 'Audio', subtitle: 'Subtitle' };

/**
 * The verdict on a video of which an ffmpeg cannot decode something.
 * @param codec the stream's own where left out
 * @param ffmpeg its version, and whose it is: `7.1.5 of this computer`
 */
export function skipUndecodable(stream: Stream, ffmpeg: string, codec = stream.codec): Skip {
  const track = TRACKS[stream.type];
  const what = track ? `${track} track ${stream.index} is` : codec === stream.codec ? 'The video is' : 'The video has';
  const name = codec === CAPTIONS ? 'closed captions' : codecName(codec);
  const reason = `${what} ${name}, which ffmpeg ${ffmpeg} cannot decode; install a full build of ffmpeg and retry it.`;
  return { kind: 'skip', code: 'old-ffmpeg', reason };
}

/**
 * Explains why an ffmpeg can't decode the streams that a plan encodes or turns into text; undefined when it can. Teletext has a rule of its own.
 * @param whose name of its computer
 */
export function whyUndecodable(
  { streams }: { streams: StreamPlan[] },
  probe: Probe,
  caps: Pick<Capabilities, 'decoders' | 'version'>,
  whose = 'this computer',
): Skip | undefined {
  for (const { action, source } of streams) {
    const stream = probe.streams.find(({ index }) => index === source);
    const codec = action === 'captions' ? CAPTIONS : stream?.codec;
    const isDecoded = ['encode', 'opus', 'text', 'captions'].includes(action);
    if (stream && codec && isDecoded && !decodes(caps, codec))
      return skipUndecodable(stream, `${caps.version} of ${whose}`, codec);
  }
  return undefined;
}

/**
 * Lists the capabilities that a conversion may require of an ffmpeg under any settings: the codecs to decode, and whether there is
 * Dolby Vision to keep. Videos with the same needs have equal lists.
 */
export function needsOf({ streams }: Probe): string[] {
  const needs = streams.flatMap((stream) => {
    if (stream.type === 'video') return [stream.codec, stream.captions && CAPTIONS, stream.dolbyVision && DOLBY_VISION];
    if (stream.type === 'audio') return stream.codec === 'opus' ? [] : [stream.codec];
    return stream.type === 'subtitle' ? [stream.codec] : [];
  });
  return [...new Set(needs.filter((need) => typeof need === 'string'))].sort();
}

/** Whether an ffmpeg can do all that videos of these {@link needsOf} may need, by the settings in force. */
export function meets(needs: string[], caps: Capabilities, { dynamicHdr }: Pick<Settings, 'dynamicHdr'>): boolean {
  return needs.every((need) => {
    if (need === DOLBY_VISION) return dynamicHdr !== 'keep' || caps.dolbyVisionCoding;
    return need === 'dvb_teletext' ? caps.teletext : decodes(caps, need);
  });
}
