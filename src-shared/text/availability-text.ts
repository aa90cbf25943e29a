import type { Cause, Yielding } from '../fleet/availability.ts';

const WORDS: Record<Cause, { here: string; there: string }> = {
  user: { here: 'paused by you', there: 'paused on that computer' },
  hours: { here: 'outside working hours', there: 'outside working hours' },
  battery: { here: 'on battery', there: 'on battery' },
  fullScreen: { here: 'full-screen app', there: 'full-screen app' },
  active: { here: "you're using this computer", there: 'someone is using that computer' },
  hot: { here: 'the CPU is too hot', there: 'the CPU is too hot' },
};

/**
 * As one sentence: `Waiting: on battery.`
 * @param about `here`: for the user of that computer itself; `busy`: a conversion is still running
 */
export function yieldingReason({ cause, held }: Yielding, { here, busy }: { here: boolean; busy: boolean }): string {
  const why = WORDS[cause][here ? 'here' : 'there'];
  if (busy && !held) return `Finishing current work, then pausing: ${why}.`;
  if (cause === 'user') return `${why.charAt(0).toUpperCase()}${why.slice(1)}.`;
  return `Waiting: ${why}.`;
}
