import path from 'node:path';
import type { Handlers, JobLog } from '../../src-shared/contract.ts';
import { Fault } from '../../src-shared/errors.ts';
import { dataPaths } from '../config.ts';
import { readLog } from '../log-files.ts';
import type { MasterContext } from '../master/context.ts';
import type { HandlerParts } from './handlers.ts';

/** Lines of the log that are told of a job. */
const MOST_LINES = 1000;

/** The attempts at a file as users see them, oldest first. */
export function attemptsOf({ jobs }: MasterContext, file: number): JobLog['attempts'] {
  return jobs.attempts(file).map(({ started, ended, ...rest }) => ({ ...rest, startedAt: started, endedAt: ended }));
}

/** The calls about the log. */
export function logHandlers({ ctx, dataDir }: Pick<HandlerParts, 'ctx' | 'dataDir'>): Pick<Handlers, 'job.log'> {
  return {
    'job.log': async (wanted) => {
      const { job, file } = 'job' in wanted ? byNumber(ctx, wanted.job) : byPath(ctx, path.resolve(wanted.path));
      const view = ctx.files.view(file);
      const library = view && ctx.libraries.get(view.library);
      if (!view || !library) throw new Fault('missing', `The film of job ${job} was taken off the list.`);
      return {
        ...{ job, file: view, path: path.join(library.root, view.path) },
        attempts: attemptsOf(ctx, file),
        lines: await readLog(dataPaths(dataDir).logs, { job, limit: MOST_LINES }),
      };
    },
  };
}

function byNumber({ jobs }: MasterContext, job: number): { job: number; file: number } {
  const file = jobs.fileOf(job);
  if (file === undefined) throw new Fault('missing', `There is no job ${job}.`);
  return { job, file };
}

/** The job of a film, which may be named as it was before its conversion. */
function byPath({ libraries, files, jobs }: MasterContext, film: string): { job: number; file: number } {
  for (const { id, root } of libraries.all()) {
    const inside = path.relative(root, film).split(path.sep).join('/');
    const file = files.at(id, inside) ?? files.at(id, inside.replace(/\.[^./]+$/, '.mkv'));
    if (!file) continue;
    const { job } = jobs.idsOf(file.id);
    if (job !== undefined) return { job, file: file.id };
    throw new Fault('missing', `${film} is known, but there was nothing to do with it yet, or it is left as it is.`);
  }
  throw new Fault('missing', `No library holds ${film}; give the path of a film, or a job's number.`);
}
