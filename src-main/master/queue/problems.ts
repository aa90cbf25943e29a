import path from 'node:path';
import type { Problem } from '../../../src-shared/contract/stats-view.ts';
import { count } from '../../../src-shared/text/format.ts';
import type { StatTable } from '../../db/tables/stats.ts';
import type { MasterContext } from '../context.ts';
import type { Dispatcher } from './dispatcher.ts';

/** Lists what needs the user's attention, most serious first. */
export function findProblems(ctx: MasterContext, dispatcher: Dispatcher, stats: StatTable): Problem[] {
  const problems: Problem[] = [];
  if (dispatcher.pause.reason && !dispatcher.pause.byUser) {
    problems.push({
      id: 'queue',
      kind: 'queue',
      sentence: dispatcher.pause.reason,
      library: null,
      count: 0,
      filter: null,
    });
  }
  for (const { id, root, paused, held } of ctx.libraries.all()) {
    const about = { library: id, count: 0, filter: { library: [id] } };
    if (paused) problems.push({ id: `library-${id}`, kind: 'library', sentence: paused, ...about });
    if (held)
      problems.push({
        id: `held-${id}`,
        kind: 'held',
        sentence: `${root} is waiting for your approval.`,
        ...about,
      });
  }
  for (const { state, code, count: videos, path: file, reason } of stats.failuresByReason()) {
    const why = reason ?? 'no reason was given.';
    const one = `${path.posix.basename(file)}: ${why}`;
    const many = `${count(videos, 'video')} ${state === 'failed' ? 'failed' : 'need your attention'}. Latest: ${why}`;
    problems.push({
      id: `${state}-${code}`,
      kind: 'files',
      sentence: videos === 1 ? one : many,
      library: null,
      count: videos,
      filter: { state: [state], ...(code !== null && { code: [code] }) },
    });
  }
  return problems;
}
