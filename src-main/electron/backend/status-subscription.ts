import { eventsWhere } from '../../../src-shared/contract/events.ts';
import type { DesktopNode } from './desktop-node.ts';
import { STATUS_PARTS, type Status, statusOf } from './status.ts';

/** Shortest time between two looks at the status, in ms. */
const MIN_INTERVAL_MS = 1000;
/** How often to look for what changes without an event (time left, work for a remote master), in ms. */
const PULSE_MS = 10_000;
/** Events that change one of these parts. */
const EVENTS_OF_STATUS = eventsWhere(({ live = [] }) => live.some((part) => STATUS_PARTS.includes(part)));

/**
 * Calls `onStatus` with the status of Flotilla, immediately and after every change.
 * @returns how to look again soon, and how to stop
 */
export function followStatus(
  node: DesktopNode,
  onStatus: (status: Status) => void,
): { look: () => void; end: () => void } {
  let timer: NodeJS.Timeout | undefined;
  let [looking, again, ended, quiet] = [false, false, false, false];
  const look = async () => {
    timer = undefined;
    looking = true;
    try {
      const status = statusOf(await node.call('live.snapshot', {}));
      quiet = status.mood !== 'working' && status.master === null;
      if (!ended) onStatus(status);
    } catch {
      // The next change or pulse looks again.
    } finally {
      looking = false;
      if (again) soon();
    }
  };
  const soon = () => {
    again = looking;
    if (!ended && !looking) timer ??= setTimeout(look, MIN_INTERVAL_MS);
  };
  const ends = EVENTS_OF_STATUS.map((event) => node.on(event, soon));
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
