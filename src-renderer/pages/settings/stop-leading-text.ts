import type { WorkerView } from '../../../src-shared/contract/fleet-view.ts';
import { count } from '../../../src-shared/text/format.ts';

/** What happens to other computers and their videos when this one stops leading. */
export function stopLeadingText(workers: readonly Pick<WorkerView, 'local' | 'running'>[], port: number): string {
  const others = workers.filter(({ local }) => !local);
  const videos = others.reduce((n, { running }) => n + running.length, 0);
  const one = others.length === 1;
  const parts = [
    videos > 0 &&
      `${count(videos, 'video')} that ${one ? 'it works' : 'they work'} on ${videos === 1 ? 'returns' : 'return'} to the queue`,
    `port ${port} closes`,
    others.length > 0 &&
      `${one ? 'it stays approved and reconnects' : 'they stay approved and reconnect'} automatically when this computer leads again`,
  ].filter(Boolean);
  const text = parts.join('; ');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}. Libraries, queue, and vault aren't affected; this computer keeps converting.`;
}
