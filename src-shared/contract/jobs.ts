import { z } from 'zod';
import { FileView } from '../file-view.ts';
import { Grant, Held, Lease, Orders, Outcome, Progress, ResultFacts } from '../lease.ts';
import { LogLine } from '../log-line.ts';
import { Path } from '../plain-text.ts';
import { changing, done, id, reading } from './call.ts';
import { AttemptView } from './files.ts';

/** All that is known of how a job went. */
export const JobLog = z.object({
  job: id,
  file: FileView,
  /** Absolute path of the film. */
  path: z.string(),
  attempts: z.array(AttemptView),
  /** Lines of the log that carry the job, oldest first, the newest thousand at the most. */
  lines: z.array(LogLine),
});
export type JobLog = z.infer<typeof JobLog>;

/** What a worker asks and tells of the work that it is given, and how it went. */
export const JOB_CALLS = {
  'job.attach': changing(
    'worker',
    'Tell what is held after a start or a cut: whatever else was granted before is given to others',
    Held,
    Orders.extend({ lost: z.array(Lease) }),
  ),
  'job.log': reading(
    'user',
    'How a job went, by its number or by the path of its film: every attempt with its commands and what ffmpeg said, and its lines of the log',
    z.union([z.strictObject({ job: id }), z.strictObject({ path: Path })]),
    JobLog,
  ),
  'job.beat': changing(
    'worker',
    'Heartbeat: renews the leases that are held and learns which of them are lost',
    Held,
    Orders.extend({ lost: z.array(Lease) }),
  ),
  'job.lease': changing(
    'worker',
    'Ask for work; ahead: to be fetched while another film is encoded',
    z.strictObject({ ahead: z.boolean().default(false) }),
    Grant.nullable(),
  ),
  'job.progress': changing(
    'worker',
    'Tell how far a task is; renews the lease',
    Lease.extend({ progress: Progress }),
    done,
  ),
  'job.deliver': changing(
    'worker',
    'Hand over a result that was uploaded; answered when it stands in its place or is refused',
    ResultFacts.extend({ ...Lease.shape, sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
    done,
  ),
  'job.finish': changing('worker', 'Give a task back with its outcome', Lease.extend({ outcome: Outcome }), done),
};
