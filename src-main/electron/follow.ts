import type { DesktopNode } from './desktop-node.ts';
import { type Status, statusOf } from './status.ts';

/** How things stand is looked up no more often than this, in ms. */
const LEAST_MS = 1000;
/** What changes without an event (time left, work for a master on another computer) is looked at this often, in ms. */
const PULSE_MS = 10_000;

/**
 * Tells how Flotilla stands, at once and after every change.
 * @returns looks again soon, and ends it
 */
export function followStatus(node: DesktopNode, tell: (status: Status) => void): { look: () => void; end: () => void } {
  let timer: NodeJS.Timeout | undefined;
  let [looking, again, ended, quiet] = [false, false, false, false];
  const look = async () => {
    timer = undefined;
    looking = true;
    try {
      const status = statusOf(await node.call('live.snapshot', {}));
      quiet = status.mood !== 'working' && status.master === null;
      if (!ended) tell(status);
    } catch {
      // The next change or pulse looks again.
    } finally {
      looking = false;
      if (again) soon();
    }
  };
  const soon = () => {
    again = looking;
    if (!ended && !looking) timer ??= setTimeout(look, LEAST_MS);
  };
  const events = ['file', 'progress', 'paused', 'library', 'libraries', 'idle', 'master', 'worker'] as const;
  const ends = events.map((event) => node.on(event, soon));
  const pulse = setInterval(() => quiet || soon(), PULSE_MS);
  pulse.unref();
  look();
  return {
    look: soon,
    end: () => {
      ended = true;
      clearTimeout(timer);
      clearInterval(pulse);
      for (const end of ends) end();
    },
  };
}
