import { useEffect, useState, useSyncExternalStore } from 'react';
import type { RunningView, Summary } from '../../src-shared/contract.ts';
import { messageOf } from '../../src-shared/errors.ts';
import { call, getConnection, on, onConnection } from '../transport.ts';

function moveOn(summary: Summary | null, task: RunningView): Summary | null {
  if (!summary) return summary;
  const known = summary.running.some((other) => other.task === task.task);
  const running = known
    ? summary.running.map((other) => (other.task === task.task ? task : other))
    : [...summary.running, task];
  return { ...summary, running };
}

/** The state of the connection, kept current. */
export const useConnection = () => useSyncExternalStore(onConnection, getConnection);

/** The queue as it is now. */
export function useQueue(): { summary: Summary | null; notice: string | null } {
  const connection = useConnection();
  const [summary, setSummary] = useState<Summary | null>(null);
  const [notice, setNotice] = useState<string | null>(null);

  useEffect(() => {
    if (connection !== 'online') return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const refresh = async () => {
      timer = undefined;
      try {
        setSummary(await call('queue.summary', {}));
      } catch (error) {
        setNotice(messageOf(error));
      }
    };
    // Many files may change at once, as during a scan: one look at the queue does for all of them.
    const refreshSoon = () => {
      timer ??= setTimeout(refresh, 300);
    };
    const stops = [
      on('progress', (task) => setSummary((before) => moveOn(before, task))),
      on('library', refreshSoon),
      on('paused', refreshSoon),
      on('notice', ({ text }) => setNotice(text)),
      on('file', refreshSoon),
    ];
    refresh();
    return () => {
      clearTimeout(timer);
      for (const stop of stops) stop();
    };
  }, [connection]);

  return { summary, notice };
}
