import type { Grant, Outcome } from '../../../src-shared/jobs/lease.ts';
import { isTurned } from '../../../src-shared/plan/video-plan.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import type { Tools } from '../../media/ffmpeg/capabilities.ts';
import type { ProcessManager, RunOptions } from '../../media/ffmpeg/process-manager.ts';
import type { Timeline } from '../../media/ffmpeg/timeline.ts';
import { DolbyVision } from '../../media/verify/pictures/check-dolby-vision.ts';

/**
 * Makes sure that the Dolby Vision metadata that is to be kept is there on each frame: where it is not, the decoder repeats
 * the last one, and the encoder does not notice.
 * @returns how the attempt ends when it is not; undefined when it is, or none is kept
 * @throws Fault `node` when ffmpeg cannot be started or was killed
 */
export async function requireDolbyVision(
  processes: ProcessManager,
  tools: Tools,
  { plan, probe }: Pick<Grant, 'plan' | 'probe'>,
  source: string,
  timelines: Timeline,
  options: RunOptions,
): Promise<Outcome | undefined> {
  const video = plan.streams.find((s) => s.action === 'encode' && s.dolbyVision);
  const stream = probe.streams.find((s) => s.index === video?.source);
  const timeline = stream && timelines.get(stream.index);
  if (stream?.type !== 'video' || !timeline) return undefined;
  const track = { codec: 'hevc', file: source, demuxer: plan.demuxer, index: stream.index, timeline } as const;
  try {
    const reason = await new DolbyVision(processes, tools).whyNotKept(track, isTurned(stream), options);
    return reason === undefined ? undefined : { kind: 'skip', code: 'dolby-vision', reason };
  } catch (error) {
    if (options.signal?.aborted) return { kind: 'released' };
    if (!(error instanceof Fault && error.code === 'conflict')) throw error;
    return { kind: 'skip', code: 'too-damaged', reason: `The file is damaged: ${error.message}` };
  }
}
