import { z } from 'zod';
import { planAudio } from './audio-plan.ts';
import { codecName, describeStream } from './describe.ts';
import { type CoverStream, dynamicRange, mainVideo, type OtherStream, type Probe, type VideoStream } from './media.ts';
import type { Tables } from './quality.ts';
import type { Settings } from './settings.ts';
import { StreamPlan } from './stream-plan.ts';
import { ALPHA, LARGEST_HEIGHT, LARGEST_WIDTH, planVideo, SMALLEST_SIDE } from './video-plan.ts';

/** The conversion of one file: what each stream becomes. Pure data; a worker builds its own command from it. */
export const Plan = z.object({
  kind: z.literal('convert'),
  /** The demuxer to force, as the probe found it. */
  demuxer: z.string(),
  /** One entry a stream of the source, in the source's order. */
  streams: z.array(StreamPlan),
});
export type Plan = z.infer<typeof Plan>;

export const SKIP_CODES = [
  'alpha',
  'av1',
  'captions',
  'container-refuses',
  'damaged',
  'data',
  'dolby-vision',
  'empty',
  'hard-linked',
  'hdr10-plus',
  'no-film',
  'no-savings',
  'restored',
  'size',
  'unknown-codec',
  'unreadable',
  'user',
] as const;
export const SkipCode = z.enum(SKIP_CODES);
export type SkipCode = z.infer<typeof SkipCode>;

/** Why a file is left as it is. */
export const Skip = z.object({
  kind: z.literal('skip'),
  code: SkipCode,
  /** One sentence that a user understands. */
  reason: z.string(),
});
export type Skip = z.infer<typeof Skip>;

const skip = (code: SkipCode, reason: string): Skip => ({ kind: 'skip', code, reason });

/** Demuxers of film containers; anything else (a playlist, a still picture, a text) is no film, whatever its name. */
const CONTAINERS = new Set(
  'matroska mov avi mpegts mpegtsraw mpeg mpegvideo asf flv live_flv ogg rm mxf mxf_opatom wtv dv nut ivf h264 hevc m4v obu gxf pva nuv viv bink smk'.split(
    ' ',
  ),
);

/** Subtitles that Matroska holds as they are. */
const MKV_SUBTITLES = new Set([
  'subrip',
  'ass',
  'ssa',
  'webvtt',
  'hdmv_pgs_subtitle',
  'dvb_subtitle',
  'dvd_subtitle',
  'text',
  'hdmv_text_subtitle',
]);
/** Text subtitles that ffmpeg turns into SubRip. */
const TEXT_SUBTITLES = new Set(
  'mov_text eia_608 microdvd subviewer subviewer1 sami realtext stl jacosub mpl2 pjs vplayer'.split(' '),
);

const COVER_TYPES: Record<string, [mimetype: string, extension: string]> = {
  mjpeg: ['image/jpeg', 'jpg'],
  png: ['image/png', 'png'],
  webp: ['image/webp', 'webp'],
  gif: ['image/gif', 'gif'],
  bmp: ['image/bmp', 'bmp'],
  tiff: ['image/tiff', 'tif'],
};

function whyNotVideo(video: VideoStream): Skip | undefined {
  const size = `${video.width}x${video.height}`;
  if (!video.codec)
    return skip('unknown-codec', 'The video is in a codec that ffmpeg does not know, so it stays as it is.');
  if (video.width === 0 || video.height === 0)
    return skip('unreadable', 'The video has no picture size, so the file is probably damaged.');
  if (Math.min(video.width, video.height) < SMALLEST_SIDE) {
    return skip('size', `The picture is ${size}; the AV1 encoder needs at least ${SMALLEST_SIDE}x${SMALLEST_SIDE}.`);
  }
  if (video.width > LARGEST_WIDTH || video.height > LARGEST_HEIGHT) {
    return skip('size', `The picture is ${size}; the AV1 encoder takes at most ${LARGEST_WIDTH}x${LARGEST_HEIGHT}.`);
  }
  if (video.alpha || ALPHA.test(video.pixelFormat ?? '')) {
    return skip('alpha', 'The video has a transparency channel, which AV1 would lose.');
  }
  if (video.dolbyVision) {
    const profile = video.dolbyVision.profile ? ` profile ${video.dolbyVision.profile}` : '';
    return skip('dolby-vision', `The video is Dolby Vision${profile}, whose dynamic metadata a conversion would lose.`);
  }
  if (dynamicRange(video) === 'HDR10+') {
    return skip('hdr10-plus', 'The video is HDR10+, whose dynamic metadata a conversion would lose.');
  }
  if (video.captions) {
    return skip(
      'captions',
      'The video carries closed captions inside the picture data, which a conversion would lose.',
    );
  }
  return undefined;
}

function planCover(cover: CoverStream): StreamPlan {
  const from = describeStream(cover);
  const type = COVER_TYPES[cover.codec ?? ''];
  if (!type) {
    const why = `Matroska has no cover type for ${codecName(cover.codec)}`;
    return { action: 'drop', type: 'cover', source: cover.index, from, to: 'left out', why };
  }
  const [mimetype, extension] = type;
  return {
    action: 'cover',
    type: 'cover',
    source: cover.index,
    from,
    to: 'kept as it is',
    filename: cover.filename ?? `cover.${extension}`,
    mimetype: cover.mimetype ?? mimetype,
  };
}

function planOther(stream: OtherStream): StreamPlan {
  const base = { source: stream.index, from: describeStream(stream) };
  if (stream.type === 'attachment') {
    return {
      action: 'copy',
      type: 'attachment',
      ...base,
      to: 'kept as it is',
      ...(!stream.filename && { filename: `attachment-${stream.index}` }),
      ...(!stream.mimetype && { mimetype: 'application/octet-stream' }),
    };
  }
  if (stream.type === 'subtitle') {
    if (stream.codec && MKV_SUBTITLES.has(stream.codec))
      return { action: 'copy', type: 'subtitle', ...base, to: 'copied' };
    if (stream.codec && TEXT_SUBTITLES.has(stream.codec)) {
      return {
        action: 'subrip',
        type: 'subtitle',
        ...base,
        to: 'SubRip',
        why: 'Matroska does not hold this text format',
      };
    }
    return {
      action: 'drop',
      type: 'subtitle',
      ...base,
      to: 'left out',
      why: 'Matroska cannot hold it and it cannot be converted',
    };
  }
  return {
    action: 'drop',
    type: 'data',
    ...base,
    to: 'left out',
    why: 'Matroska holds only video, audio and subtitles',
  };
}

/**
 * What will be done to a file, stream by stream, or why it is left alone. Pure: the same probe, settings and tables
 * always give the same plan.
 */
export function makePlan(probe: Probe, settings: Settings, tables: Tables): Plan | Skip {
  const demuxer = probe.format.split(',')[0] ?? '';
  const video = mainVideo(probe);
  if (!CONTAINERS.has(demuxer))
    return skip('no-film', `This is not a film but a file of the kind "${demuxer}", whatever its name says.`);
  if (!video) return skip('no-film', 'There is no video in this file.');
  if (video.codec === 'av1' && settings.skipAv1Files) return skip('av1', 'The video is AV1 already.');

  for (const stream of probe.streams) {
    const refusal = stream.type === 'video' ? whyNotVideo(stream) : undefined;
    if (refusal) return refusal;
    if (stream.type === 'audio' && (!stream.codec || stream.channels === 0)) {
      return skip(
        'unknown-codec',
        `Audio track ${stream.index} is in a codec that ffmpeg does not know, so it would be lost.`,
      );
    }
  }
  const streams = probe.streams.map((stream): StreamPlan => {
    if (stream.type === 'video') return planVideo(stream, settings, tables);
    if (stream.type === 'audio') return planAudio(stream, settings, tables);
    return stream.type === 'cover' ? planCover(stream) : planOther(stream);
  });
  const lost = streams.filter((s) => s.action === 'drop' && s.type !== 'cover');
  if (lost.length > 0 && settings.dataStreams === 'skip') {
    return skip(
      'data',
      `${lost.map((s) => s.from).join(', ')} would be left out, and your settings keep such films as they are.`,
    );
  }
  return { kind: 'convert', demuxer, streams };
}
