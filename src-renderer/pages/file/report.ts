import type { Output } from '../../../src-shared/contract.ts';
import { formatBytes, formatSaving } from '../../../src-shared/format.ts';
import { fullPath } from '../../../src-shared/paths.ts';
import { useLive } from '../../store/live.ts';
import { exactly, STATE_WORDS } from '../../words.ts';
import { outcomeWords, stageWords } from './timeline.tsx';

/** All that is known of a film as plain text, to be sent to whoever helps. */
export function reportOf({ file, plan, attempts }: Output<'file.get'>, root: string): string {
  const { about } = useLive.getState();
  const lines = [
    `Flotilla ${about?.version ?? ''}`,
    fullPath(root, file.path),
    `${STATE_WORDS[file.state]}${file.code ? ` (${file.code})` : ''}${file.reason ? `: ${file.reason}` : ''}`,
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
    lines.push('', `${exactly(attempt.startedAt)}: ${outcomeWords(attempt)} on ${attempt.worker}${encoder}`);
    if (attempt.reason) lines.push(`  ${attempt.reason}`);
    lines.push(`  ${stageWords(attempt).join(', ')}`);
    if (attempt.log) lines.push(attempt.log);
  }
  return lines.join('\n');
}
