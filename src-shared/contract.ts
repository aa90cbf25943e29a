import { z } from 'zod';
import { Password, SessionView, TokenView } from './access.ts';
import {
  FILE_ACTIONS,
  FILE_SORTS,
  FileFilter,
  FileSelection,
  FileView,
  QueuedView,
  State,
  selecting,
  Tally,
} from './file-view.ts';
import { MasterView, PairingOutcome, PairingView, SeenMaster, WorkerView } from './fleet-view.ts';
import { About, DryRun, Finding, FolderView, Problem, Sample, Stats } from './insights.ts';
import { Grant, Held, Lease, Orders, Outcome, Progress, ResultFacts, RunningView, Sentinel } from './lease.ts';
import { LogLine } from './log-line.ts';
import { Plan, Skip } from './plan.ts';
import { ComputerName, Fingerprint, Greeting, type Hello } from './protocol.ts';
import { AudioTable, QualityTable } from './quality.ts';
import { Settings } from './settings.ts';
import { WorkerSettings } from './worker-info.ts';

/** Who may make a call: anyone, a user of this Flotilla, one of its workers, or a computer that wants to become one. */
export type Access = 'public' | 'user' | 'worker' | 'stranger';

/** Who makes a call; a computer's certificate has proved who it is. */
export type Actor =
  | { kind: 'user' }
  | { kind: 'worker'; worker: string; name: string }
  | { kind: 'stranger'; fingerprint: string; address: string; hello: Hello };

/** Whoever sits at this computer, or its own parts. */
export const USER: Actor = { kind: 'user' };

const id = z.int().positive();
export const LibraryView = z.object({
  id,
  root: z.string(),
  /** Scanned and converted by `serve`; false for folders that were only ever named on the command line. */
  watched: z.boolean(),
  /** Why nothing is done in this library at present. */
  paused: z.string().nullable(),
  /** Looked into, but not converted before `library.release`. */
  held: z.boolean(),
});
export type LibraryView = z.infer<typeof LibraryView>;

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
  /** True while also what runs stands still. */
  held: z.boolean(),
  /** When the user's pause ends by itself, in ms since 1970; null where it does not. */
  pausedUntil: z.number().nullable(),
});
export type Summary = z.infer<typeof Summary>;

/** How Flotilla is used here. */
export const Setup = z.object({
  /** `alone`: use this computer, `lead` other computers too, or `join` a master; null before the user has said so. */
  role: z.enum(['alone', 'lead', 'join']).nullable(),
  /** The first run is over. */
  complete: z.boolean(),
});
export type Setup = z.infer<typeof Setup>;

/** A lookup table as the user may edit it. */
const tableView = <T extends z.ZodType>(table: T) =>
  z.object({
    table,
    standard: table,
    /** Absolute path of the JSON file, for those who edit it by hand. */
    file: z.string(),
    /** Why the file is not in force, as one sentence; `table` is the last good one then. */
    problem: z.string().nullable(),
  });

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

/** All that changes by itself while a user looks on. */
export const Live = Summary.extend({
  libraries: z.array(LibraryView),
  /** Libraries that are being scanned. */
  scanning: z.array(id),
  workers: z.array(WorkerView),
  pairings: z.array(PairingView),
  /** How it stands with the master that this computer works for; null where it works for none. */
  master: MasterView.nullable(),
  problems: z.array(Problem),
  /** Seconds until nothing waits any more; null while that is being estimated, or nothing is done. */
  eta: z.number().nullable(),
});
export type Live = z.infer<typeof Live>;

/** 256 random bits, or their hash, in base64url. */
const Nonce = z.string().regex(/^[\w-]{43}$/);
const PairingCode = z.string().regex(/^\d{6}$/);
const WorkerName = z.string().min(1).max(100);

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
/** Words that all have to be in the path, in any order and case. */
const search = z.string().max(200).optional();
const done = z.object({});

/** Every call between the interface or a worker and the master: THE schema. */
export const CONTRACT = {
  status: reading(
    'public',
    'Liveness: who answers here',
    none,
    z.object({ name: z.string(), version: z.string(), role: z.string() }),
  ),
  hello: reading(
    'public',
    'How this computer introduces itself to others; lanPort is where it awaits workers, null when it does not lead; webPort is where its page is, null when only it itself may open that',
    none,
    Greeting.extend({
      fingerprint: Fingerprint,
      lanPort: z.int().nullable(),
      webPort: z.int().nullable().default(null),
    }),
  ),
  'pair.ask': changing(
    'stranger',
    "Ask to become a worker: the hash of a nonce against the master's nonce",
    z.strictObject({ commitment: Nonce }),
    z.object({ request: z.string(), nonce: Nonce }),
  ),
  'pair.reveal': changing(
    'stranger',
    'Open the commitment, so that both sides can show the same six digits',
    z.strictObject({ request: z.string().max(100), nonce: Nonce }),
    z.object({ expiresIn: z.number() }),
  ),
  'pair.wait': changing(
    'stranger',
    'Wait for what the user of the master decides',
    z.strictObject({ request: z.string().max(100) }),
    z.object({ outcome: PairingOutcome }),
  ),
  'invite.redeem': changing(
    'stranger',
    'Become a worker with the secret of an invitation',
    z.strictObject({ secret: z.string().max(100) }),
    done,
  ),
  'invite.prove': changing(
    'stranger',
    'Become a worker by proving to know the secret that the master was started with; the master proves it in return',
    z.strictObject({ proof: z.string().max(100) }),
    z.object({ proof: z.string() }),
  ),
  'pair.list': reading('user', 'Computers that ask to become workers', none, z.array(PairingView)),
  'pair.approve': changing(
    'user',
    'Make the computer that shows these six digits a worker',
    z.strictObject({ code: PairingCode }),
    WorkerView,
  ),
  'pair.refuse': changing('user', 'Turn a computer away', z.strictObject({ code: PairingCode }), done),
  'invite.create': changing(
    'user',
    'Make a token that lets one computer in without a look at six digits',
    z.strictObject({ minutes: z.int().min(1).max(10_080).default(60) }),
    z.object({ token: z.string(), expiresAt: z.number() }),
  ),
  'master.search': reading(
    'user',
    'Look for masters on the network',
    z.strictObject({ seconds: z.number().min(0.1).max(30).default(3) }),
    z.array(SeenMaster),
  ),
  'master.get': reading('user', 'The master that this computer works for', none, MasterView.nullable()),
  'master.join': changing(
    'user',
    'Work for the master at an address, with a join token or by six digits; the event `master` tells how it goes',
    z.strictObject({ address: z.string().min(1).max(300), token: z.string().min(1).max(100).optional() }),
    MasterView.nullable(),
  ),
  'master.tune': changing(
    'user',
    'Change how much of this computer its master uses, as worker.set does there',
    z.strictObject({ settings: WorkerSettings.partial() }),
    done,
  ),
  'master.leave': changing('user', 'Work for no master on another computer any more', none, done),
  'worker.list': reading('user', 'All workers, this computer among them', none, z.array(WorkerView)),
  'worker.pause': changing(
    'user',
    'Give a worker (by name or id) no more work; what it holds is finished later',
    z.strictObject({ worker: WorkerName }),
    done,
  ),
  'worker.drain': changing(
    'user',
    'Let a worker finish what it holds and give it no more',
    z.strictObject({ worker: WorkerName }),
    done,
  ),
  'worker.resume': changing('user', 'Give a worker work again', z.strictObject({ worker: WorkerName }), done),
  'worker.remove': changing(
    'user',
    'Forget a worker: its connections end and what it holds goes to others',
    z.strictObject({ worker: WorkerName }),
    done,
  ),
  'worker.tune': changing(
    'worker',
    'Change its own settings, as worker.set does on the master',
    z.strictObject({ settings: WorkerSettings.partial() }),
    done,
  ),
  'worker.prove': changing(
    'worker',
    'Tell whether a picture that is known to be good could be converted',
    z.strictObject({ problem: z.string().max(1000).nullable() }),
    done,
  ),
  'worker.set': changing(
    'user',
    'Rename a worker or change its settings',
    z.strictObject({
      worker: WorkerName,
      name: ComputerName.optional(),
      settings: WorkerSettings.partial().optional(),
    }),
    WorkerView,
  ),
  'queue.summary': reading('user', 'Counts by state, bytes saved and what runs now', none, Summary),
  'queue.pause': changing(
    'user',
    'Give out no more work; now: what runs stands still too; until (ms since 1970): it ends by itself then',
    z.strictObject({ now: z.boolean().default(false), until: z.int().positive().nullable().default(null) }),
    done,
  ),
  'queue.resume': changing('user', 'Give out work again', none, done),
  'queue.list': reading(
    'user',
    'Films that wait, in the order in which they are given out',
    z.strictObject({ offset: z.int().nonnegative().default(0), limit: z.int().min(1).max(500).default(100) }),
    z.object({ total: z.number(), files: z.array(QueuedView) }),
  ),
  'queue.move': changing(
    'user',
    'Put films in front of another one that waits, or in front of all (null), in the order in which they are named',
    z.strictObject({ files: z.array(id).min(1).max(1000), before: id.nullable() }),
    z.object({ moved: z.number() }),
  ),
  'live.snapshot': reading('user', 'All that `delta` events go on from', none, Live.extend({ revision: z.number() })),
  'stats.get': reading('user', 'What was saved, by time, library, codec, resolution and worker', none, Stats),
  'setup.get': reading('user', 'How this Flotilla is used, and whether its first run is over', none, Setup),
  'setup.set': changing('user', 'Note what the user chose in the first run', Setup.partial(), Setup),
  'folder.list': reading(
    'user',
    "Folders of the master's disks; without a path the places to begin at",
    z.strictObject({ path: z.string().min(1).optional() }),
    FolderView,
  ),
  'library.list': reading('user', 'All libraries', none, z.array(LibraryView)),
  'library.add': changing(
    'user',
    'Make a folder a library (or find the one it belongs to)',
    z.strictObject({
      path: z.string().min(1),
      watched: z.boolean().default(true),
      /** A new library is looked into, but not converted before `library.release`; false releases one that is held. */
      hold: z.boolean().optional(),
    }),
    z.object({ library: LibraryView, prefix: z.string() }),
  ),
  'library.release': changing('user', 'Begin to convert a held library', z.strictObject({ library: id }), done),
  'library.dryRun': reading(
    'user',
    'What converting a library would bring, and how long on this computer; measure: a few seconds are converted for that, if need be',
    z.strictObject({ library: id, measure: z.boolean().default(false) }),
    DryRun,
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
  'file.page': reading(
    'user',
    'A part of the list of files that pass a filter, in any order',
    z.strictObject({
      filter: FileFilter.default({}),
      sort: z.enum(FILE_SORTS).default('path'),
      descending: z.boolean().default(false),
      offset: z.int().nonnegative().default(0),
      limit: z.int().min(1).max(500).default(100),
    }),
    z.object({ files: z.array(FileView) }),
  ),
  'file.tally': reading(
    'user',
    'How many files pass a filter, and how many of each kind there are',
    z.strictObject({ filter: FileFilter.default({}) }),
    Tally,
  ),
  'file.count': reading(
    'user',
    'How many of the files an action would act on, and their bytes',
    z.strictObject({ action: z.enum(FILE_ACTIONS), selection: FileSelection }),
    z.object({ count: z.number(), bytes: z.number(), of: z.number() }),
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
      /** Its original, where the vault keeps it. */
      original: VaultEntry.nullable(),
      /** The last sample that was made of it and is still there. */
      sample: Sample.nullable(),
    }),
  ),
  'file.retry': changing(
    'user',
    'Queue failed, blocked or skipped files again',
    FileSelection,
    z.object({ queued: z.number() }),
  ),
  'file.skip': changing(
    'user',
    'Leave files as they are from now on; what runs is ended',
    FileSelection,
    z.object({ skipped: z.number() }),
  ),
  'file.cancel': changing(
    'user',
    'Take files out of the queue, running ones too, until they are retried',
    FileSelection,
    z.object({ cancelled: z.number() }),
  ),
  'file.reencode': changing(
    'user',
    'Convert done files anew, from their originals in the vault; queues any other again',
    FileSelection,
    z.object({ queued: z.number(), refused: z.array(z.string()) }),
  ),
  'file.forget': changing(
    'user',
    'Take files off the list, with their history; no file is touched, and one that is there is found again by a scan',
    FileSelection,
    z.object({ forgotten: z.number() }),
  ),
  'file.priority': changing(
    'user',
    'Higher comes first; 0 is the standard',
    selecting({ priority: z.int().min(-100).max(100) }),
    done,
  ),
  'file.sample': changing(
    'user',
    'Convert a few seconds of a film to look at; nothing is replaced. Tells `sample` events meanwhile',
    z.strictObject({ file: id, seconds: z.number().min(1).max(30).default(8) }),
    Sample,
  ),
  'file.stopSample': changing('user', 'End the sample that is being made', z.strictObject({ file: id }), done),
  'vault.list': reading(
    'user',
    'A part of the originals that are kept, the latest first',
    z.strictObject({
      search,
      offset: z.int().nonnegative().default(0),
      limit: z.int().min(1).max(1000).default(1000),
    }),
    z.array(VaultEntry),
  ),
  'vault.tally': reading(
    'user',
    'How many originals are kept, and their bytes',
    z.strictObject({ search }),
    z.object({ count: z.number(), bytes: z.number() }),
  ),
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
  'job.attach': changing(
    'worker',
    'Tell what is held after a start or a cut: whatever else was granted before is given to others',
    Held,
    Orders.extend({ lost: z.array(Lease) }),
  ),
  'job.log': reading(
    'user',
    'How a job went, by its number or by the path of its film: every attempt with its commands and what ffmpeg said, and its lines of the log',
    z.union([z.strictObject({ job: id }), z.strictObject({ path: z.string().min(1).max(4096) })]),
    JobLog,
  ),
  'job.beat': changing(
    'worker',
    'Heartbeat: renews the leases that are held and learns which of them are lost',
    Held,
    Orders.extend({ lost: z.array(Lease) }),
  ),
  'table.get': reading(
    'user',
    'The lookup tables in force',
    none,
    z.object({ quality: tableView(QualityTable), audio: tableView(AudioTable) }),
  ),
  'table.set': changing(
    'user',
    'Write lookup tables to their files; null brings the standard back',
    z.strictObject({ quality: QualityTable.nullable().optional(), audio: AudioTable.nullable().optional() }),
    done,
  ),
  doctor: reading('user', 'What is there and what is missing', none, z.array(Finding)),
  about: reading('user', 'What runs here', none, About),
  'access.get': reading(
    'user',
    'Who can get in',
    none,
    z.object({ password: z.boolean(), sessions: z.array(SessionView), tokens: z.array(TokenView) }),
  ),
  'access.setPassword': changing(
    'user',
    'Set the password; the old one is needed where there is one. All other browsers are signed out',
    z.strictObject({ old: z.string().max(256).optional(), password: Password, keep: z.string().optional() }),
    done,
  ),
  'access.signOut': changing(
    'user',
    'Sign a browser out, or all but the one to keep',
    z.union([z.strictObject({ session: z.string() }), z.strictObject({ keep: z.string().nullable() })]),
    z.object({ signedOut: z.number() }),
  ),
  'access.createToken': changing(
    'user',
    'Make a token for a script; it is never shown again',
    z.strictObject({ name: z.string().trim().min(1).max(100) }),
    z.object({ id, token: z.string() }),
  ),
  'access.removeToken': changing('user', 'Take a token back', z.strictObject({ id }), done),
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
  'library.sentinel': changing(
    'worker',
    'What to look for to know that a folder is this library; null where files have to travel',
    z.strictObject({ library: id }),
    Sentinel.nullable(),
  ),
  'library.storage': changing(
    'worker',
    'Tell how this computer gets at the films of a library',
    z.strictObject({ library: id, path: z.string().max(4096).nullable() }),
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
export type Handlers = { [N in CallName]: (input: Parsed<N>, actor: Actor) => Output<N> | Promise<Output<N>> };

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
  /** Files came, went or moved within the lists without another state. */
  listed: Record<string, never>;
  /** A library was paused or taken up again. */
  library: LibraryView;
  /** No work is given out or done any more, or again: the reason, or null. */
  paused: { reason: string | null };
  /** For one worker: see {@link WorkerEvents}. */
  revoked: Lease & { worker: string };
  orders: Orders & { worker: string };
  /** A worker came, went or changed. */
  worker: WorkerView;
  /** A worker was removed. */
  removed: { worker: string };
  /** How it stands with the master that this computer works for. */
  master: { master: MasterView | null };
  /** The computers that ask to become workers are others now. */
  pairing: { requests: PairingView[] };
  /** Libraries came, went or took others over, or a scan of one began or ended. */
  libraries: Record<string, never>;
  /**
   * What is others now than in the snapshot or delta before, each part whole; a gap in the revisions asks for a new snapshot.
   * `files` are those that changed; with `many` they were too many to tell, and lists look again.
   */
  delta: Partial<Live> & { revision: number; files: FileView[]; many: boolean };
  /** Settings or lookup tables are others now. */
  settings: Record<string, never>;
  /** How far the sample of a file is. */
  sample: { file: number; progress: Progress };
  /** Something a user should know, as one sentence. */
  notice: { level: 'info' | 'warn'; text: string };
}
export type EventName = keyof Events;

/** What the master tells a worker as it happens. */
export const WORKER_EVENTS = {
  /** Work can be had: an idle worker asks again. */
  work: z.object({}),
  /** A lease of it is lost: what is done under it is in vain. */
  revoked: Lease,
  /** Its settings or its mode are others now. */
  orders: Orders,
};
export type WorkerEvents = { [E in keyof typeof WORKER_EVENTS]: z.infer<(typeof WORKER_EVENTS)[E]> };
export type WorkerEventName = keyof WorkerEvents;
