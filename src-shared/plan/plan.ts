import { z } from 'zod';
import { Demuxer, demuxerIn } from '../media/demuxers.ts';
import {
  type ChapterFeature,
  type DynamicRange,
  MAX_STREAMS,
  mainVideo,
  type Probe,
  staticRange,
  type VideoStream,
} from '../media/probe.ts';
import type { Tables } from '../media/quality.ts';
import type { Settings } from '../settings/settings.ts';
import { FileText, Words } from '../util/plain-text.ts';
import { planAudio } from './audio-plan.ts';
import { Container, FORMATS, whyUnfit } from './container.ts';
import { skipUndecodable } from './decoders.ts';
import type { Skip, SkipCode } from './skip.ts';
import { StreamPlan, type VideoEncode } from './stream-plan.ts';
import { NO_LOSS, planCaptions, planCover, planOther, planTeletext } from './track-plan.ts';
import {
  ALPHA,
  changeReason,
  isTilted,
  keptDolbyVision,
  MAX_HEIGHT,
  MAX_WIDTH,
  MIN_SIDE,
  movesPicture,
  planVideo,
  visibleSize,
} from './video-plan.ts';

/** The conversion of one file: what each stream becomes. Pure data; a worker builds its own command from it. */
export const Plan = z.object({
  kind: z.literal('convert'),
  /** The demuxer to force, as the probe found it. */
  demuxer: Demuxer,
  container: Container,
  /** Why the container is not the source's, where that was asked for. */
  containerWhy: Words.optional(),
  /** MP4 is asked to hold tags whose keys it does not know. */
  customTags: z.literal(true).optional(),
  /** The title to write, where ffmpeg would take another. */
  title: FileText.optional(),
  /** What of the tags is lost, as a sentence. */
  tagsLost: Words.optional(),
  /** One entry a stream of the source, in the source's order, and one for captions behind their pictures'. */
  streams: z.array(StreamPlan).max(MAX_STREAMS),
});
export type Plan = z.infer<typeof Plan>;

/** The pictures that are encoded apart from the rest, where only a base layer is kept. */
export function baseLayerOf(plan: Plan): VideoEncode | undefined {
  return plan.streams.find((s) => s.action === 'encode' && s.baseLayer) as VideoEncode | undefined;
}

const skip = (code: SkipCode, reason: string): Skip => ({ kind: 'skip', code, reason });

/** Dynamic range of a video whose dynamic metadata is dropped, by its Dolby Vision profile and compatibility ID. */
const BASE_LAYERS: Record<string, DynamicRange[]> = {
  // A Blu-ray's base layer is HDR10, regardless of its id (Dolby, "Dolby Vision Profiles and Levels", table 1).
  '7.6': ['HDR10', 'PQ'],
  '8.1': ['HDR10', 'PQ'],
  '8.2': ['SDR'],
  '8.4': ['HLG'],
};

/** Why the dynamic metadata of a video keeps it from being converted. */
function whyNotDynamic(video: VideoStream, only: boolean, settings: Settings): Skip | undefined {
  const { dolbyVision } = video;
  const base = settings.dynamicHdr === 'base-layer';
  if (video.dynamicHdr && !base)
    return skip('dynamic-hdr', `The video has ${video.dynamicHdr} metadata, which a conversion would lose.`);
  if (!dolbyVision) {
    if (!video.hdr10Plus || base) return undefined;
    return skip('hdr10-plus', 'The video is HDR10+, whose dynamic metadata a conversion would lose.');
  }
  const { profile, compatibility } = dolbyVision;
  const name = `Dolby Vision${profile ? ` profile ${profile}` : ''}`;
  if (!base && (settings.dynamicHdr === 'skip' || !keptDolbyVision(video) || !only))
    return skip('dolby-vision', `The video is ${name}, whose dynamic metadata a conversion would lose.`);
  if (!base && video.hdr10Plus)
    return skip('dolby-vision', `The video is ${name} and also HDR10+, whose metadata a conversion would lose.`);
  if (!base) {
    const moves = movesPicture(video);
    return moves ? skip('dolby-vision', `The video is ${name}, whose metadata would be wrong: ${moves}.`) : undefined;
  }
  const bases = BASE_LAYERS[`${profile}.${compatibility}`];
  if (!bases) return skip('dolby-vision', `The video is ${name}, which has no base layer that could be kept alone.`);
  if (!only) {
    const reason = `The video is ${name} in several video tracks, of which one may complete the other.`;
    return skip('dolby-vision', reason);
  }
  if (bases.includes(staticRange(video))) return undefined;
  const reason = `The video is ${name}, but its base layer does not say that it is ${bases[0]}, so its colors might change.`;
  return skip('dolby-vision', reason);
}

/** Two eyes' views that stay apart, or are mixed for colored glasses already. */
const KEPT_STEREO = new Set(
  'left_right right_left top_bottom bottom_top anaglyph_cyan_red anaglyph_green_magenta'.split(' '),
);

function whyNotVideo(video: VideoStream): Skip | undefined {
  const { width, height } = visibleSize(video);
  const size = `${width}x${height}`;
  if (!video.codec) return skip('unknown-codec', "The video is in a codec that ffmpeg doesn't know, so it's skipped.");
  if (video.undecodable) return skipUndecodable(video, `${video.undecodable} of this computer`);
  if (video.width === 0 || video.height === 0)
    return skip('unreadable', 'The video has no picture size, so the file is probably damaged.');
  if (Math.min(width, height) < MIN_SIDE) {
    return skip('size', `The picture is ${size}; the AV1 encoder needs at least ${MIN_SIDE}x${MIN_SIDE}.`);
  }
  if (width > MAX_WIDTH || height > MAX_HEIGHT) {
    return skip('size', `The picture is ${size}; the AV1 encoder takes at most ${MAX_WIDTH}x${MAX_HEIGHT}.`);
  }
  if (video.alpha || ALPHA.test(video.pixelFormat ?? '')) {
    return skip('alpha', 'The video has a transparency channel, which AV1 would lose.');
  }
  if (video.changes) return skip('changes', changeReason(video.changes));
  if (video.layers)
    return skip('layers', 'The video holds another view or layer that ffmpeg does not decode, so it would be lost.');
  if (video.stereo && (!KEPT_STEREO.has(video.stereo) || video.rotation)) {
    const how = video.rotation
      ? 'is 3D and turned by its container'
      : `is 3D in a way (${video.stereo}) that AV1 would mix or lose`;
    return skip('stereo', `The video ${how}.`);
  }
  if (video.singleFields)
    return skip(
      'fields',
      'The pictures are single fields of half the height, which ffmpeg does not join to whole ones.',
    );
  if (isTilted(video)) {
    const turn = `The picture is turned by ${Math.abs(video.rotation ?? 0)}°`;
    return skip('size', `${turn}; a conversion would cut off its corners, as only multiples of 90° keep them.`);
  }
  if (video.crop && video.rotation)
    return skip('size', 'The picture is both cut at its borders and turned by its container, which is not supported.');
  return undefined;
}

/** Names of HDR transfer functions for users. */
const HDR_CURVES: Record<string, string> = { smpte2084: 'PQ', 'arib-std-b67': 'HLG' };

/** Why the colors of a video are unknown: as it is or as high dynamic range, its light differs beyond recognition. */
function whyNotColours({ colour, containerColour }: VideoStream): Skip | undefined {
  const [own, other] = [colour?.transfer ?? '', containerColour?.transfer ?? ''];
  const standard = 'standard dynamic range';
  const name = (curve: string) => HDR_CURVES[curve] ?? standard;
  // HLG is often described as what older screens take it for (ARIB STD-B67, ETSI TS 101 154).
  const compatible = name(own) === 'HLG' && name(other) === standard;
  if (!other || name(own) === name(other) || compatible) return undefined;
  return skip('colors', `The pictures say that they are ${name(own)}, but the container says ${name(other)}.`);
}

/** Special features of chapters, as the end of a sentence. */
const CHAPTER_FEATURES: Record<ChapterFeature, string> = {
  ordered: 'play in an order of their own',
  linked: 'refer to other files',
  editions: 'come in several editions',
  nested: 'lie within each other',
  languages: 'have names in several languages',
  flags: 'are partly hidden or switched off',
  commands: 'hold commands for the player',
  unlisted: 'do not all begin later than the one before, or have no numbers of their own',
};

function planStreams(probe: Probe, settings: Settings, tables: Tables, container: Container): StreamPlan[] {
  return probe.streams.flatMap((stream): StreamPlan[] => {
    if (stream.type === 'video') return [planVideo(stream, settings, tables), ...planCaptions(stream, container)];
    if (stream.type === 'audio') return [planAudio(stream, settings, tables)];
    if (stream.type === 'cover') return [planCover(stream, probe)];
    return planTeletext(stream, container, settings) ?? [planOther(stream, container, probe)];
  });
}

/** The streams in the container that is asked for, or in Matroska with the reason why that does not hold them. */
function planContainer(
  probe: Probe,
  settings: Settings,
  tables: Tables,
): Pick<Plan, 'container' | 'containerWhy' | 'customTags' | 'streams'> {
  const inMatroska = { container: 'mkv', streams: planStreams(probe, settings, tables, 'mkv') } as const;
  if (settings.container === 'mkv' || (probe.format.startsWith('matroska') && !probe.container)) return inMatroska;
  if (!probe.container) return { ...inMatroska, containerWhy: 'results are written as Matroska, MP4 or WebM only' };
  const streams = planStreams(probe, settings, tables, probe.container);
  const containerWhy = whyUnfit(probe.container, probe, streams);
  if (containerWhy) return { ...inMatroska, containerWhy };
  const custom = probe.customTags && !FORMATS[probe.container].customTags;
  return { container: probe.container, streams, ...(custom && { customTags: true }) };
}

/** What becomes of tags that Matroska holds several times, or on levels. */
function planTags({ title, mergedTags = [] }: Probe): Pick<Plan, 'title' | 'tagsLost'> {
  if (mergedTags.length === 0) return {};
  const tagsLost = `Not all values and levels (episode, season, show) of these tags are kept: ${mergedTags.join(', ')}.`;
  return { ...(title && mergedTags.includes('TITLE') && { title }), tagsLost };
}

/** Why a video stays as it is rather than lose tracks; undefined where that is no reason. */
export function whyNotWithout(streams: StreamPlan[], { dataStreams }: Pick<Settings, 'dataStreams'>): Skip | undefined {
  const lost = streams.filter((s) => s.action === 'drop' && s.type !== 'cover' && !NO_LOSS.has(s.why ?? ''));
  if (lost.length === 0 || dataStreams !== 'skip') return undefined;
  return skip(
    'data',
    `${lost.map((s) => s.from).join(', ')} would be left out (${lost[0]?.why}). To convert such videos anyway, set "Tracks that cannot be kept" to drop.`,
  );
}

/**
 * What will be done to a file, stream by stream, or why it is left alone. Pure: the same probe, settings and tables
 * always give the same plan.
 */
export function makePlan(probe: Probe, settings: Settings, tables: Tables): Plan | Skip {
  const demuxer = demuxerIn(probe.format);
  const video = mainVideo(probe);
  if (!demuxer)
    return skip('no-film', `Not a video: the file is "${probe.format.split(',')[0]}" despite its extension.`);
  if (!video) return skip('no-film', 'There is no video in this file.');
  if (video.codec === 'av1' && settings.skipAv1Files) return skip('av1', 'The video is AV1 already.');

  const [feature] = probe.chapterFeatures ?? [];
  if (feature) {
    const reason = `Its chapters ${CHAPTER_FEATURES[feature]}, which a conversion would lose.`;
    return skip('chapters', reason);
  }
  const only = probe.streams.filter((s) => s.type === 'video').length === 1;
  for (const stream of probe.streams) {
    const refusal =
      stream.type === 'video'
        ? (whyNotVideo(stream) ?? whyNotDynamic(stream, only, settings) ?? whyNotColours(stream))
        : undefined;
    if (refusal) return refusal;
    if (stream.type === 'audio' && (!stream.codec || stream.channels === 0)) {
      return skip(
        'unknown-codec',
        `Audio track ${stream.index} is in a codec that ffmpeg does not know, so it would be lost.`,
      );
    }
  }
  const planned = planContainer(probe, settings, tables);
  const refusal = whyNotWithout(planned.streams, settings);
  if (refusal) return refusal;
  return { kind: 'convert', demuxer, ...planned, ...planTags(probe) };
}
