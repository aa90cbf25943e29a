import type { Output } from '../../../src-shared/contract/index.ts';
import { formatBytes, formatSaving } from '../../../src-shared/text/format.ts';
import { fullTime } from '../../../src-shared/text/time-words.ts';
import { fullPath } from '../../../src-shared/util/paths.ts';
import { STATE_LABELS } from '../../lib/labels.ts';
import { useLive } from '../../store/live.ts';
import { outcomeLabel, stageTexts } from './timeline.tsx';

/** All that is known about a video as plain text, for a bug report. */
export function reportOf({ file, plan, attempts }: Output<'file.get'>, root: string): string {
  const { about } = useLive.getState();
  const lines = [
    `Flotilla ${about?.version ?? ''}`,
    fullPath(root, file.path),
    `${STATE_LABELS[file.state]}${file.code ? ` (${file.code})` : ''}${file.reason ? `: ${file.reason}` : ''}`,
    `Size: ${formatBytes(file.sourceSize ?? file.size)}`,
  ];
  if (file.sourceSize !== null && file.resultSize !== null)
    lines.push(`Saved: ${formatSaving(file.sourceSize, file.resultSize)}`);
  if (plan?.kind === 'convert') {
    lines.push('', 'Plan');
    for (const { source, from, to, why } of plan.streams)
      lines.push(`  ${source}: ${from} -> ${to}${why ? ` (${why})` : ''}`);
  }
  for (const attempt of attempts) {
    const encoder = attempt.encoder ? ` (${attempt.encoder})` : '';
    lines.push('', `${fullTime(attempt.startedAt)}: ${outcomeLabel(attempt)} on ${attempt.worker}${encoder}`);
    if (attempt.reason) lines.push(`  ${attempt.reason}`);
    lines.push(`  ${stageTexts(attempt).join(', ')}`);
    if (attempt.log) lines.push(attempt.log);
  }
  return lines.join('\n');
}
