import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Grant, Outcome } from '../../../src-shared/jobs/lease.ts';
import type { EncodeFiles } from '../../../src-shared/plan/ffmpeg-args.ts';
import type { LinesRead } from '../../../src-shared/plan/fit-plan.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import type { Tools } from '../../media/ffmpeg/capabilities.ts';
import type { ProcessManager, RunOptions } from '../../media/ffmpeg/process-manager.ts';
import { picturesEnd, type Timeline } from '../../media/ffmpeg/timeline.ts';
import { readTeletext, subripOf } from '../../media/probe/teletext.ts';
import { readCaptions } from './captions.ts';

/** Texts that were read ahead of a conversion, and how many lines each has. */
interface Texts {
  kind: 'texts';
  files: Pick<EncodeFiles, 'captions' | 'teletext'>;
  lines: LinesRead;
}

/**
 * Reads what becomes subtitle tracks of its own: captions out of the pictures, and pages of teletext.
 * @returns files of those that have lines, or how the attempt ended
 * @throws Fault `node` when ffmpeg cannot be started or was killed, or storage is full or gone
 */
export async function readTexts(
  parts: { processes: ProcessManager; tools: Tools },
  { plan, probe }: Grant,
  source: string,
  timeline: Timeline,
  folder: string,
  options: RunOptions,
): Promise<Texts | Outcome> {
  const offset = -(probe.start ?? 0);
  const files: Texts['files'] = {};
  let captionLines = 0;
  if (plan.streams.some((s) => s.action === 'captions')) {
    const found = await readCaptions(parts.processes, parts.tools, plan, source, folder, options);
    if (found.kind !== 'captions') return found;
    captionLines = found.lines;
    if (captionLines > 0) files.captions = { path: found.file, offset };
  }
  const teletextLines: number[] = [];
  const from = { file: source, demuxer: plan.demuxer, until: picturesEnd(probe, timeline) };
  for (const page of plan.streams.filter((s) => s.action === 'teletext')) {
    try {
      const cues = (await readTeletext(parts, from, page, options)) ?? (page.expendable && []);
      if (!cues) {
        const reason = 'The video has teletext subtitles that ffmpeg cannot read, so they would be lost.';
        return { kind: 'skip', code: 'data', reason };
      }
      const file = path.join(folder, `teletext-${teletextLines.push(cues.length)}.srt`);
      if (cues.length === 0) continue;
      await writeFile(file, subripOf(cues));
      files.teletext = [...(files.teletext ?? []), { path: file, offset }];
    } catch (error) {
      if (options.signal?.aborted) return { kind: 'released' };
      if (!(error instanceof Fault && error.code === 'conflict')) throw error;
      return { kind: 'failed', reason: error.message, log: '' };
    }
  }
  return { kind: 'texts', files, lines: { captionLines, teletextLines } };
}
