/** What becomes of a plan where an ffmpeg cannot do all of it, or texts turn out to be empty. */
import { whyUndecodable } from './decoders.ts';
import type { Probe } from './media.ts';
import { type Plan, type Skip, whyNotWithout } from './plan.ts';
import type { Settings } from './settings.ts';
import type { StreamPlan } from './stream-plan.ts';
import { skipUnable } from './video-args.ts';
import type { Capabilities } from './worker-info.ts';

/** An ffmpeg, by the name of its computer where that is not this one. */
export interface Ffmpeg {
  caps: Capabilities;
  whose?: string | undefined;
}

/** What an ffmpeg can make of a plan: the same, without teletext where it lacks the decoder of that, or nothing. */
export function fitPlan(
  plan: Plan,
  probe: Probe,
  { caps, whose }: Ffmpeg,
  settings: Pick<Settings, 'dataStreams'>,
): Plan | Skip {
  return (
    skipUnable(plan, caps) ??
    whyUndecodable(plan, probe, caps, whose) ??
    (caps.teletext ? plan : withoutTeletext(plan, caps, settings))
  );
}

/** The plan with teletext left out, or why the video stays as it is rather than lose it. */
function withoutTeletext(plan: Plan, caps: Capabilities, settings: Pick<Settings, 'dataStreams'>): Plan | Skip {
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
