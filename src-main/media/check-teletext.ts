import { Fault } from '../../src-shared/errors.ts';
import { resultStreams } from '../../src-shared/ffmpeg-args.ts';
import type { Plan } from '../../src-shared/plan.ts';
import { checkCues, words } from './check-subtitles.ts';
import type { Sides } from './sides.ts';
import { readTeletext } from './teletext.ts';
import { cuesOf } from './texts.ts';
import { picturesEnd } from './timeline.ts';
import { Refused } from './verify-request.ts';

/**
 * Compares what pages of teletext say, and when, where this computer can read them; their number is compared in any case.
 * @param asked with the pages that are said to be never shown, which is not believed
 * @throws Refused when a line is missing, or is not the same
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
    if (!said) throw new Refused('The teletext of the original cannot be read.');
    const index = kept.indexOf(page);
    const before = said.map((cue) => ({ ...cue, text: words(cue.text) }));
    checkCues(`page ${page.page} of the teletext`, before, index < 0 ? [] : await cuesOf(sides, result, index), shift);
  }
}

/** What cannot be read is no result. */
function refuse(error: unknown): never {
  throw error instanceof Fault && error.code === 'conflict' ? new Refused(error.message) : error;
}
