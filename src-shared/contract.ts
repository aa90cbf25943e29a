import { z } from 'zod';
import { Probe } from './media.ts';
import { Plan, Skip, SkipCode } from './plan.ts';
import { Settings } from './settings.ts';

/** Who may make a call: anyone, a user of this Flotilla, or a worker that holds a lease. */
export type Access = 'public' | 'user' | 'worker';

const id = z.int().positive();
/** Proof of a lease: messages whose epoch is no longer the task's are refused. */
const Lease = z.object({ task: id, epoch: z.int().positive() });
export type Lease = z.infer<typeof Lease>;

export const STATES = ['found', 'queued', 'running', 'done', 'skipped', 'failed', 'blocked'] as const;
const State = z.enum(STATES);

export const LibraryView = z.object({
  id,
  root: z.string(),
  /** Scanned and converted by `serve`; false for folders that were only ever named on the command line. */
  watched: z.boolean(),
  /** Why nothing is done in this library at present. */
  paused: z.string().nullable(),
});
export type LibraryView = z.infer<typeof LibraryView>;

export const FileView = z.object({
  id,
  library: id,
  /** Relative to the library's root. */
  path: z.string(),
  size: z.number(),
  /** Milliseconds since 1970. */
  modified: z.number(),
  state: State,
  code: z.string().nullable(),
  /** Why it is in this state, as one sentence. */
  reason: z.string().nullable(),
  codec: z.string().nullable(),
  width: z.number().nullable(),
  height: z.number().nullable(),
  duration: z.number().nullable(),
  /** Before and after a conversion, in bytes. */
  sourceSize: z.number().nullable(),
  resultSize: z.number().nullable(),
  missing: z.boolean(),
});
export type FileView = z.infer<typeof FileView>;

const AttemptView = z.object({
  worker: z.string(),
  startedAt: z.number(),
  endedAt: z.number().nullable(),
  outcome: z.string().nullable(),
  reason: z.string().nullable(),
  /** Seconds spent in each stage. */
  stages: z.record(z.string(), z.number()),
  /** How alike result and source are: SSIM 0 to 1, PSNR in dB of the worst window, both at reduced size. */
  likeness: z.object({ ssim: z.number(), psnr: z.number() }).nullable(),
  log: z.string().nullable(),
});

const STAGES = ['preparing', 'encoding', 'staging', 'checking', 'replacing'] as const;
export const Stage = z.enum(STAGES);
export type Stage = z.infer<typeof Stage>;

export const Progress = z.object({
  stage: Stage,
  /** 0 to 1 within the stage; missing when the length is unknown. */
  share: z.number().min(0).max(1).optional(),
  frame: z.number().optional(),
  fps: z.number().optional(),
  /** Seconds of film a second. */
  speed: z.number().optional(),
  /** Seconds to the end of the stage. */
  eta: z.number().optional(),
});
export type Progress = z.infer<typeof Progress>;

export const RunningView = z.object({
  task: id,
  file: id,
  library: id,
  path: z.string(),
  worker: z.string(),
  progress: Progress,
});
export type RunningView = z.infer<typeof RunningView>;

export const Summary = z.object({
  counts: z.record(State, z.number()),
  /** Bytes of originals and results of everything done. */
  sourceBytes: z.number(),
  resultBytes: z.number(),
  /** Files still being written, to be looked at again later. */
  settling: z.number(),
  running: z.array(RunningView),
  /** The files whose conversion ended last, newest first, ten at the most. */
  recent: z.array(FileView),
  /** Why no work is given out or done at present, if so. */
  paused: z.string().nullable(),
});
export type Summary = z.infer<typeof Summary>;

export const ScanReport = z.object({
  files: z.number(),
  added: z.number(),
  changed: z.number(),
  moved: z.number(),
  missing: z.number(),
  /** Folders and names that could not be read, as sentences (the first hundred). */
  problems: z.array(z.string()),
  seconds: z.number(),
});
export type ScanReport = z.infer<typeof ScanReport>;

export const VaultEntry = z.object({
  id: z.string(),
  /** Absolute path that the original had. */
  original: z.string(),
  /** Absolute path of what stands in its place. */
  result: z.string(),
  size: z.number(),
  resultSize: z.number(),
  replacedAt: z.number(),
  /** When it may be purged; null keeps it until the user decides. */
  keepUntil: z.number().nullable(),
});
export type VaultEntry = z.infer<typeof VaultEntry>;

/** How a worker's attempt ended. */
export const Outcome = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('skip'), code: SkipCode, reason: z.string() }),
  z.object({ kind: z.literal('failed'), reason: z.string(), log: z.string() }),
  /** The computer is at fault, not the film: no attempt is counted. */
  z.object({ kind: z.literal('node'), reason: z.string() }),
  z.object({ kind: z.literal('released') }),
]);
export type Outcome = z.infer<typeof Outcome>;

/** All that a worker needs to convert one file. */
export const Grant = Lease.extend({
  file: id,
  library: id,
  /** Relative to the library's root. */
  path: z.string(),
  size: z.number(),
  plan: Plan,
  /** What the master found in the file. */
  probe: Probe,
  /** Tells this content of the file from any other. */
  version: z.string(),
  /** A result of this many bytes or more saves too little: the worker may stop there. */
  uselessAt: z.number(),
  priority: z.object({ nice: z.number(), ionice: z.number() }),
  convertDamaged: z.boolean(),
});
export type Grant = z.infer<typeof Grant>;

interface CallSpec<I extends z.ZodType, O extends z.ZodType> {
  access: Access;
  /** True when it changes nothing, so that REST offers it as GET too. */
  reads: boolean;
  help: string;
  input: I;
  output: O;
}
const reading = <I extends z.ZodType, O extends z.ZodType>(
  access: Access,
  help: string,
  input: I,
  output: O,
): CallSpec<I, O> => ({
  access,
  reads: true,
  help,
  input,
  output,
});
const changing = <I extends z.ZodType, O extends z.ZodType>(
  access: Access,
  help: string,
  input: I,
  output: O,
): CallSpec<I, O> => ({
  access,
  reads: false,
  help,
  input,
  output,
});
const none = z.strictObject({});
const done = z.object({});

/** Every call between the interface or a worker and the master: THE schema. */
export const CONTRACT = {
  status: reading(
    'public',
    'Liveness: who answers here',
    none,
    z.object({ name: z.string(), version: z.string(), role: z.string() }),
  ),
  'queue.summary': reading('user', 'Counts by state, bytes saved and what runs now', none, Summary),
  'queue.pause': changing('user', 'Give out no more work', none, done),
  'queue.resume': changing('user', 'Give out work again', none, done),
  'library.list': reading('user', 'All libraries', none, z.array(LibraryView)),
  'library.add': changing(
    'user',
    'Make a folder a library (or find the one it belongs to)',
    z.strictObject({ path: z.string().min(1), watched: z.boolean().default(true) }),
    z.object({ library: LibraryView, prefix: z.string() }),
  ),
  'library.remove': changing('user', 'Forget a library; no file is touched', z.strictObject({ library: id }), done),
  'library.scan': changing(
    'user',
    'Look for new, changed and moved files',
    z.strictObject({ library: id, prefix: z.string().default('') }),
    ScanReport,
  ),
  'library.resume': changing(
    'user',
    'Accept that files have gone and go on with a paused library',
    z.strictObject({ library: id }),
    done,
  ),
  'file.list': reading(
    'user',
    'Files of all libraries or one, by state and reason',
    z.strictObject({
      library: id.optional(),
      state: State.optional(),
      /** Of the reason why it is in that state: `damaged`. */
      code: z.string().optional(),
      search: z.string().optional(),
      after: z.int().nonnegative().default(0),
      limit: z.int().min(1).max(500).default(100),
    }),
    z.array(FileView),
  ),
  'file.get': reading(
    'user',
    'One file with its plan and every attempt',
    z.strictObject({ file: id }),
    z.object({
      file: FileView,
      plan: z.union([Plan, Skip]).nullable(),
      /** Rough size of the result in bytes. */
      estimate: z.number().nullable(),
      attempts: z.array(AttemptView),
    }),
  ),
  'file.retry': changing(
    'user',
    'Queue failed, blocked or skipped files again',
    z.strictObject({ files: z.array(id).max(10_000) }),
    z.object({ queued: z.number() }),
  ),
  'file.skip': changing(
    'user',
    'Leave files as they are from now on',
    z.strictObject({ files: z.array(id).max(10_000) }),
    z.object({ skipped: z.number() }),
  ),
  'file.priority': changing(
    'user',
    'Higher comes first; 0 is the standard',
    z.strictObject({ files: z.array(id).max(10_000), priority: z.int().min(-100).max(100) }),
    done,
  ),
  'vault.list': reading('user', 'Originals that are kept', none, z.array(VaultEntry)),
  'vault.restore': changing(
    'user',
    "Take originals back, by vault id, by path (the original's, the result's or a folder) or all",
    z.strictObject({
      ids: z.array(z.string()).optional(),
      path: z.string().optional(),
      all: z.literal(true).optional(),
    }),
    z.object({ restored: z.array(z.string()), refused: z.array(z.string()) }),
  ),
  'vault.purge': changing(
    'user',
    'Remove originals for ever: those past their time, or all; one whose result is gone is always kept',
    z.strictObject({ all: z.boolean().default(false), dryRun: z.boolean().default(false) }),
    z.object({ purged: z.number(), bytes: z.number(), kept: z.array(z.string()) }),
  ),
  'settings.get': reading(
    'user',
    'Settings in force and where each comes from',
    none,
    z.object({ values: Settings, sources: z.record(z.string(), z.enum(['flag', 'environment', 'stored', 'default'])) }),
  ),
  'settings.set': changing(
    'user',
    'Store settings; null takes a stored value back',
    z.strictObject({ values: z.record(z.string(), z.unknown()) }),
    done,
  ),
  'job.lease': changing(
    'worker',
    'Ask for work',
    z.strictObject({ worker: z.string().min(1).max(100) }),
    Grant.nullable(),
  ),
  'job.progress': changing(
    'worker',
    'Tell how far a task is; renews the lease',
    Lease.extend({ progress: Progress }),
    done,
  ),
  'job.finish': changing('worker', 'Give a task back with its outcome', Lease.extend({ outcome: Outcome }), done),
};
export type Contract = typeof CONTRACT;
export type CallName = keyof Contract;
export type Input<N extends CallName> = z.input<Contract[N]['input']>;
export type Parsed<N extends CallName> = z.output<Contract[N]['input']>;
export type Output<N extends CallName> = z.output<Contract[N]['output']>;
/** Makes a call, in process or over the network. */
export type Caller = <N extends CallName>(name: N, input: Input<N>) => Promise<Output<N>>;
/** The functions behind the contract. */
export type Handlers = { [N in CallName]: (input: Parsed<N>) => Output<N> | Promise<Output<N>> };

/** A file whose state changed, with all that a list shows of it. */
export const FileChanged = FileView.extend({ root: z.string() });
export type FileChanged = z.infer<typeof FileChanged>;

/** What the master tells its users as it happens. */
export interface Events {
  /** A file got another state. */
  file: FileChanged;
  /** A running task moved on. */
  progress: RunningView;
  /** Work can be had: an idle worker asks again. */
  work: Record<string, never>;
  /** Everything found has been looked into. */
  probed: Record<string, never>;
  /** Nothing is left to do at present. */
  idle: Record<string, never>;
  /** A library was paused or taken up again. */
  library: LibraryView;
  /** This computer stopped working, or works again: the reason, or null. */
  paused: { reason: string | null };
  /** Something a user should know, as one sentence. */
  notice: { level: 'info' | 'warn'; text: string };
}
export type EventName = keyof Events;
