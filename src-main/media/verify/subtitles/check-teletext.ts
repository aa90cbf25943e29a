import { resultStreams } from '../../../../src-shared/plan/ffmpeg-args.ts';
import type { Plan } from '../../../../src-shared/plan/plan.ts';
import { Fault } from '../../../../src-shared/util/errors.ts';
import { picturesEnd } from '../../ffmpeg/timeline.ts';
import { readTeletext } from '../../probe/teletext.ts';
import type { Sides } from '../sides.ts';
import { VerificationError } from '../verify-request.ts';
import { cuesOf } from './check-texts.ts';
import { checkCues, words } from './compare-cues.ts';

/**
 * Compares the text and times of teletext pages where this computer can decode them; their number is compared in any case.
 * @param asked with the pages that the worker reported as never shown, which is checked
 * @throws VerificationError when a line is missing or differs
 */
export async function checkTeletext(sides: Sides, asked: Plan): Promise<void> {
  const { source, result, request, shift, processes, tools, caps } = sides;
  const pages = asked.streams.filter((s) => s.action === 'teletext');
  if (!caps.teletext || pages.length === 0) return;
  const from = { ...source, until: picturesEnd(source.probe, source.timeline) };
  const options = { ...request.run, ...(request.signal && { signal: request.signal }) };
  const kept = resultStreams(request.plan);
  for (const page of pages) {
    const said =
      (await readTeletext({ processes, tools }, from, page, options).catch(refuse)) ?? (page.expendable && []);
    if (!said) throw new VerificationError('The teletext of the original cannot be read.');
    const index = kept.indexOf(page);
    const before = said.map((cue) => ({ ...cue, text: words(cue.text) }));
    checkCues(`page ${page.page} of the teletext`, before, index < 0 ? [] : await cuesOf(sides, result, index), shift);
  }
}

/** What cannot be read is no result. */
function refuse(error: unknown): never {
  throw error instanceof Fault && error.code === 'conflict' ? new VerificationError(error.message) : error;
}
