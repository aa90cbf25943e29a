import type { FileView } from '../../../src-shared/contract/file-view.ts';
import { codecName } from '../../../src-shared/media/describe.ts';
import { formatBytes, formatDuration } from '../../../src-shared/text/format.ts';

type Video = Pick<
  FileView,
  'state' | 'width' | 'height' | 'codec' | 'hdr' | 'audio' | 'duration' | 'size' | 'sourceSize' | 'resultSize'
>;

const join = (facts: (string | number | false | null)[]): string => facts.filter(Boolean).join(' · ');

/** What the video on the disk is: of a converted one, its result. */
export function factsOf({ state, width, height, codec, hdr, audio, duration, ...sizes }: Video): string {
  const done = state === 'done';
  return join([
    width && height && `${width}×${height}`,
    done ? codecName('av1') : codec && codecName(codec),
    // What became of the dynamic range and of the sound depends on the settings, and is in the plan.
    !done && hdr !== 'SDR' && hdr,
    !done && audio,
    duration !== null && formatDuration(duration),
    formatBytes((done && sizes.resultSize) || sizes.size),
  ]);
}

/** What a converted video was before; empty for others. */
export function sourceFactsOf({ state, codec, hdr, audio, sourceSize }: Video): string {
  if (state !== 'done') return '';
  const size = sourceSize !== null && formatBytes(sourceSize);
  const facts = join([codec && codecName(codec), hdr !== 'SDR' && hdr, audio, size]);
  return facts && `Before: ${facts}`;
}
