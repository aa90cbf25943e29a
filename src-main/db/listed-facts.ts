import { codecName } from '../../src-shared/media/describe.ts';
import { dynamicRange, mainVideo, type Probe } from '../../src-shared/media/probe.ts';
import { resolutionOf } from '../../src-shared/media/quality.ts';

/** What lists show of a probe. */
export function listed(probe: Probe | null) {
  const video = probe ? mainVideo(probe) : undefined;
  const [first, ...others] = probe?.streams.filter((s) => s.type === 'audio') ?? [];
  const layout = first?.layout?.replace(/\(.*\)$/, '') ?? `${first?.channels} channels`;
  const more = others.length > 0 ? ` +${others.length}` : '';
  return {
    codec: video?.codec ?? null,
    width: video?.width ?? null,
    height: video?.height ?? null,
    resolution: video?.width && video.height ? resolutionOf(video.width, video.height) : null,
    hdr: video ? dynamicRange(video) : null,
    frameRate: video?.frameRate ?? null,
    audio: first ? `${layout} ${codecName(first.codec)}${more}` : null,
    duration: video?.duration ?? probe?.duration ?? null,
  };
}
