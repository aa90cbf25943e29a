import path from 'node:path';
import type { Handlers, JobLog } from '../../../src-shared/contract/index.ts';
import type { JOB_CALLS } from '../../../src-shared/contract/jobs.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import { readLog } from '../../log/log-files.ts';
import type { MasterContext } from '../../master/context.ts';
import type { Dispatcher } from '../../master/queue/dispatcher.ts';
import type { Uploads } from '../../master/transfer/uploads.ts';
import { dataPaths } from '../../platform/data-paths.ts';
import { workerOf } from './caller.ts';

/** Lines of the log that an answer about a job has at most. */
const MAX_LINES = 1000;

export interface JobHandlerParts {
  ctx: MasterContext;
  dispatcher: Dispatcher;
  uploads: Uploads;
  dataDir: string;
}

/** Returns the handlers by which workers get and return tasks, and the log of a job. */
export function jobHandlers(parts: JobHandlerParts): Pick<Handlers, keyof typeof JOB_CALLS> {
  const { ctx, dispatcher, uploads } = parts;
  return {
    'job.attach': (held, actor) => dispatcher.beat(workerOf(actor), held, true),
    'job.beat': (held, actor) => dispatcher.beat(workerOf(actor), held, false),
    'job.lease': ({ ahead }, actor) => dispatcher.lease(workerOf(actor), ahead),
    'job.progress': ({ progress, ...lease }, actor) => {
      dispatcher.progress(lease, progress, workerOf(actor));
      return {};
    },
    'job.deliver': async ({ task, epoch, ...result }, actor) => {
      await uploads.deliver({ task, epoch }, workerOf(actor), result);
      return {};
    },
    'job.finish': ({ outcome, ...lease }, actor) => {
      dispatcher.giveBack(lease, outcome, workerOf(actor));
      return {};
    },
    'job.log': async (wanted) => {
      const { job, file } = 'job' in wanted ? byNumber(ctx, wanted.job) : byPath(ctx, path.resolve(wanted.path));
      const view = ctx.files.view(file);
      const library = view && ctx.libraries.get(view.library);
      if (!view || !library) throw new Fault('missing', `The video of job ${job} was removed from the list.`);
      return {
        job,
        file: view,
        path: path.join(library.root, view.path),
        attempts: attemptsOf(ctx, file),
        lines: await readLog(dataPaths(parts.dataDir).logs, { job, limit: MAX_LINES }),
      };
    },
  };
}

/** Returns the attempts at a file as users see them, oldest first. */
export function attemptsOf({ jobs }: MasterContext, file: number): JobLog['attempts'] {
  return jobs.attempts(file).map(({ started, ended, ...rest }) => ({ ...rest, startedAt: started, endedAt: ended }));
}

function byNumber({ jobs }: MasterContext, job: number): { job: number; file: number } {
  const file = jobs.fileOf(job);
  if (file === undefined) throw new Fault('missing', `There is no job ${job}.`);
  return { job, file };
}

/** Finds the job of a video, also by the name that it had before its conversion. */
export function byPath({ libraries, files, jobs }: MasterContext, videoPath: string): { job: number; file: number } {
  for (const { id, root } of libraries.all()) {
    const inside = path.relative(root, videoPath).split(path.sep).join('/');
    const file = files.at(id, inside) ?? files.at(id, inside.replace(/\.[^./]+$/, '.mkv'));
    if (!file) continue;
    const { job } = jobs.idsOf(file.id);
    if (job !== undefined) return { job, file: file.id };
    throw new Fault('missing', `${videoPath} has no job yet: it isn't queued, or it was skipped.`);
  }
  throw new Fault('missing', `No library contains ${videoPath}; use the path of a video, or a job's number.`);
}
