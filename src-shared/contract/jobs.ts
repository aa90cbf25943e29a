import { z } from 'zod';
import { Grant, Held, Lease, Orders, Outcome, Progress, ResultFacts } from '../jobs/lease.ts';
import { Path } from '../util/plain-text.ts';
import { changing, done, id, reading } from './call.ts';
import { FileView } from './file-view.ts';
import { AttemptView } from './files.ts';
import { LogLine } from './log-line.ts';

/** All that is known of how a job went. */
export const JobLog = z.object({
  job: id,
  file: FileView,
  /** Absolute path of the video. */
  path: z.string(),
  attempts: z.array(AttemptView),
  /** Lines of the log that carry the job, oldest first, the newest thousand at the most. */
  lines: z.array(LogLine),
});
export type JobLog = z.infer<typeof JobLog>;

/** Calls of a worker to get work, report progress, and report its outcome. */
export const JOB_CALLS = {
  'job.attach': changing(
    'worker',
    'Report the held leases after a start or a lost connection; everything else that was granted is reassigned',
    Held,
    Orders.extend({ lost: z.array(Lease) }),
  ),
  'job.log': reading(
    'user',
    'History of a job, by its number or the path of its video: every attempt with its commands and ffmpeg output, and its log lines',
    z.union([z.strictObject({ job: id }), z.strictObject({ path: Path })]),
    JobLog,
  ),
  'job.beat': changing(
    'worker',
    'Heartbeat: renews the held leases and returns those that are lost',
    Held,
    Orders.extend({ lost: z.array(Lease) }),
  ),
  'job.lease': changing(
    'worker',
    'Request work; ahead: to download it while another video is encoded',
    z.strictObject({ ahead: z.boolean().default(false) }),
    Grant.nullable(),
  ),
  'job.progress': changing(
    'worker',
    'Report the progress of a task; renews the lease',
    Lease.extend({ progress: Progress }),
    done,
  ),
  'job.deliver': changing(
    'worker',
    'Deliver an uploaded result; returns when it is in place or rejected',
    ResultFacts.extend({ ...Lease.shape, sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
    done,
  ),
  'job.finish': changing('worker', 'Return a task with its outcome', Lease.extend({ outcome: Outcome }), done),
};
