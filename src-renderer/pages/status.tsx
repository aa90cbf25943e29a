import { useEffect, useState } from 'react';
import type { FileView, Output, RunningView, Stage, Summary } from '../../src-shared/contract.ts';
import { count, formatBytes, formatDuration, formatSaving } from '../../src-shared/format.ts';
import { desktop } from '../desktop.ts';
import { useConnection, useQueue } from '../store/queue.ts';
import { type Connection, fetchStatus } from '../transport.ts';

const STAGE_WORDS: Record<Stage, string> = {
  fetching: 'Fetching',
  preparing: 'Preparing',
  encoding: 'Encoding',
  uploading: 'Uploading',
  staging: 'Storing',
  checking: 'Checking',
  replacing: 'Replacing',
};
const RESULT_WORDS: Record<string, string> = { done: 'Done', skipped: 'Skipped', failed: 'Failed', blocked: 'Blocked' };
const CONNECTION_WORDS: Record<Connection, string> = {
  connecting: 'Connecting',
  online: 'Connected',
  offline: 'Unreachable, trying again',
  refused: 'Not connected',
};

const nameOf = (path: string) => path.split('/').at(-1);
const waitingIn = ({ counts }: Summary) => counts.found + counts.queued;

/** How things stand, in one sentence. */
function livingSentence(summary: Summary): string {
  const waiting = waitingIn(summary);
  if (summary.paused) return `Paused: ${summary.paused}`;
  if (summary.running.length > 0) {
    const computers = new Set(summary.running.map(({ worker }) => worker)).size;
    const running = `${count(summary.running.length, 'film')} running on ${count(computers, 'computer')}`;
    return waiting > 0 ? `${running}, ${count(waiting, 'film')} waiting.` : `${running}.`;
  }
  if (waiting > 0) return `${count(waiting, 'film')} waiting.`;
  if (summary.settling > 0) return `${count(summary.settling, 'film')} still being written.`;
  return summary.counts.done > 0 ? `All quiet: ${count(summary.counts.done, 'film')} done.` : 'Nothing to convert yet.';
}

function savedSoFar({ sourceBytes, resultBytes }: Summary): string {
  const saved = sourceBytes - resultBytes;
  return sourceBytes > 0 ? `${formatBytes(saved)} · ${Math.round((100 * saved) / sourceBytes)} %` : formatBytes(0);
}

function Totals({ summary }: { summary: Summary | null }) {
  const totals = {
    'Saved so far': summary && savedSoFar(summary),
    Running: summary?.running.length,
    Waiting: summary && waitingIn(summary),
    Done: summary?.counts.done,
    Skipped: summary?.counts.skipped,
    'Needs you': summary && summary.counts.failed + summary.counts.blocked,
  };
  return (
    <dl className="totals">
      {Object.entries(totals).map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value ?? <span className="pending" />}</dd>
        </div>
      ))}
    </dl>
  );
}

function RunningRow({ task: { path, worker, progress } }: { task: RunningView }) {
  const { stage, share, fps, eta } = progress;
  return (
    <li title={path}>
      <strong>{nameOf(path)}</strong>
      <span className="details">
        {STAGE_WORDS[stage]} on {worker}
        {fps !== undefined && ` · ${fps.toFixed(1)} fps`}
        {stage === 'encoding' && ` · ${eta === undefined ? 'estimating' : `about ${formatDuration(eta)}`}`}
      </span>
      <progress value={share} aria-label={STAGE_WORDS[stage]} />
    </li>
  );
}

function ResultRow({ file }: { file: FileView }) {
  const saved =
    file.state === 'done' && file.sourceSize !== null && file.resultSize !== null
      ? formatSaving(file.sourceSize, file.resultSize)
      : file.reason;
  return (
    <li title={file.path}>
      <strong>{nameOf(file.path)}</strong>
      <span className="details">
        <span className={file.state}>{RESULT_WORDS[file.state]}</span>
        {saved && ` · ${saved}`}
      </span>
    </li>
  );
}

/** What anyone may see: that a Flotilla lives here, and how to get in. */
function Outside() {
  const [status, setStatus] = useState<Output<'status'> | null>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    fetchStatus().then(setStatus, () => setFailed(true));
  }, []);
  return (
    <>
      {status && (
        <p>
          Flotilla {status.version} is running on {status.name}.
        </p>
      )}
      {failed && <p>Flotilla does not answer at this address.</p>}
      <p>
        Open the address that <code>flotilla serve</code> printed.
      </p>
    </>
  );
}

function Inside({ connection }: { connection: Connection }) {
  const { summary, notice } = useQueue();
  return (
    <div className={connection === 'online' ? undefined : 'stale'}>
      <p role="status">{summary ? livingSentence(summary) : 'Looking at the queue.'}</p>
      {notice && <p className="notice">{notice}</p>}
      <Totals summary={summary} />
      <h2>Running now</h2>
      <ul>
        {summary?.running.map((task) => (
          <RunningRow key={task.task} task={task} />
        ))}
      </ul>
      {summary?.running.length === 0 && <p className="empty">Films show here while they are converted.</p>}
      <h2>Last results</h2>
      <ul>
        {summary?.recent.map((file) => (
          <ResultRow key={file.id} file={file} />
        ))}
      </ul>
      {summary?.recent.length === 0 && <p className="empty">Films show here as they finish.</p>}
    </div>
  );
}

/** The state of this Flotilla on one plain page. */
export function StatusPage() {
  const connection = useConnection();
  return (
    <main>
      <header>
        <h1>Flotilla {desktop?.version}</h1>
        <span className={`connection ${connection}`}>{CONNECTION_WORDS[connection]}</span>
      </header>
      {connection === 'refused' ? <Outside /> : <Inside connection={connection} />}
    </main>
  );
}
