import path from 'node:path';
import { count } from '../../src-shared/format.ts';
import type { Problem } from '../../src-shared/insights.ts';
import type { StatTable } from '../db/stats.ts';
import type { MasterContext } from './context.ts';
import type { Dispatcher } from './dispatcher.ts';

/** What does not go on without the user, the gravest first. */
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
        sentence: `${root} waits for your word to be converted.`,
        ...about,
      });
  }
  for (const { state, code, count: films, path: file, reason } of stats.troubles()) {
    const why = reason ?? 'no reason was given.';
    const one = `${path.posix.basename(file)}: ${why}`;
    const many = `${count(films, 'film')} ${state === 'failed' ? 'could not be converted' : 'cannot go on without you'}; the last one: ${why}`;
    problems.push({
      id: `${state}-${code}`,
      kind: 'files',
      sentence: films === 1 ? one : many,
      library: null,
      count: films,
      filter: { state: [state], ...(code !== null && { code: [code] }) },
    });
  }
  return problems;
}
