/** What becomes of a plan where an ffmpeg cannot do all of it, or texts turn out to be empty. */

import type { Capabilities } from '../fleet/worker-info.ts';
import { mainVideo, type Probe, staticRange } from '../media/probe.ts';
import { XPSNR_TARGETS } from '../media/quality-target.ts';
import type { Settings } from '../settings/settings.ts';
import { whyUndecodable } from './decoders.ts';
import { type Plan, whyNotWithout } from './plan.ts';
import type { Skip } from './skip.ts';
import type { StreamPlan } from './stream-plan.ts';
import { skipUnable } from './video-args.ts';
import { encodeWords } from './video-plan.ts';

/** Settings that decide how a plan is adapted to an ffmpeg. */
export type FitSettings = Pick<Settings, 'dataStreams' | 'quality' | 'crf' | 'minCrf' | 'maxCrf'>;

/** An ffmpeg, by the name of its computer where that is not this one. */
export interface Ffmpeg {
  caps: Capabilities;
  whose?: string | undefined;
}

/** What an ffmpeg can make of a plan: the same, without teletext where it lacks the decoder of that, or nothing. */
export function fitPlan(plan: Plan, probe: Probe, { caps, whose }: Ffmpeg, settings: FitSettings): Plan | Skip {
  const unable = skipUnable(plan, caps) ?? whyUndecodable(plan, probe, caps, whose);
  if (unable) return unable;
  const fitted = caps.teletext ? plan : withoutTeletext(plan, caps, settings);
  return fitted.kind === 'convert' ? withTarget(fitted, probe, caps, settings) : fitted;
}

/** The plan with the quality that the settings ask for, or with the reason why its CRF is the table's all the same. */
function withTarget(plan: Plan, probe: Probe, caps: Capabilities, { quality, crf, minCrf, maxCrf }: FitSettings): Plan {
  const video = mainVideo(probe);
  if (quality === 'table' || crf !== null || !video) return plan;
  const target = { metric: 'xpsnr' as const, value: XPSNR_TARGETS[quality], minCrf, maxCrf };
  const whyNot = !caps.xpsnr
    ? `its CRF is from the quality table, because ffmpeg ${caps.version} can't measure quality`
    : staticRange(video) !== 'SDR'
      ? "its CRF is from the quality table, because XPSNR doesn't measure HDR"
      : undefined;
  const streams = plan.streams.map((stream): StreamPlan => {
    if (stream.action !== 'encode' || stream.source !== video.index) return stream;
    if (whyNot) return { ...stream, why: [stream.why, whyNot].filter(Boolean).join('; ') };
    return { ...stream, target, to: encodeWords({ ...stream, target }) };
  });
  return { ...plan, streams };
}

/** The plan with teletext left out, or why the video stays as it is rather than lose it. */
function withoutTeletext(plan: Plan, caps: Capabilities, settings: FitSettings): Plan | Skip {
  const seen = new Set<number>();
  const streams = plan.streams.flatMap((stream): StreamPlan[] => {
    if (stream.action !== 'teletext') return [stream];
    const { source, from } = stream;
    if (seen.has(source)) return [];
    seen.add(source);
    const why = 'Matroska cannot hold it and this build of ffmpeg cannot read it (it lacks libzvbi)';
    return [{ action: 'drop', type: 'subtitle', source, from, to: 'left out', why }];
  });
  if (!whyNotWithout(streams, settings)) return { ...plan, streams };
  const reason = `The video has teletext subtitles, which ffmpeg ${caps.version} cannot read (it lacks libzvbi); install a full build of ffmpeg and retry it.`;
  return { kind: 'skip', code: 'old-ffmpeg', reason };
}

/** Lines of the texts that are read ahead of a conversion: captions, and each page of teletext in the plan's order. */
export interface LinesRead {
  captionLines: number;
  teletextLines?: number[] | undefined;
}

/** The plan without texts that turn out to have no line: captions that are nothing but padding, pages that are never shown. */
export function withoutEmptyTexts(plan: Plan, { captionLines, teletextLines = [] }: LinesRead): Plan {
  const pages = plan.streams.filter((s) => s.action === 'teletext');
  const empty = new Set<StreamPlan>(pages.filter((_, n) => !teletextLines[n]));
  const isEmpty = (s: StreamPlan) => empty.has(s) || (s.action === 'captions' && captionLines === 0);
  return { ...plan, streams: plan.streams.filter((s) => !isEmpty(s)) };
}
