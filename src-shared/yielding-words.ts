import type { Cause, Yielding } from './yielding.ts';

const WORDS: Record<Cause, { here: string; there: string }> = {
  user: { here: 'paused by you', there: 'paused at that computer' },
  hours: { here: 'it works at other hours only', there: 'it works at other hours only' },
  battery: { here: 'on battery', there: 'on battery' },
  fullScreen: { here: 'an application fills the screen', there: 'an application fills its screen' },
  active: { here: 'you are using this computer', there: 'somebody is using that computer' },
  hot: { here: 'the processor is too hot', there: 'its processor is too hot' },
};

/**
 * As one sentence: `Waiting: on battery.`
 * @param about `here`: it is told at that computer itself; `busy`: it still works on a film
 */
export function yieldingSentence({ cause, held }: Yielding, { here, busy }: { here: boolean; busy: boolean }): string {
  const why = WORDS[cause][here ? 'here' : 'there'];
  if (busy && !held) return `It finishes what it has, then waits: ${why}.`;
  if (cause === 'user') return `${why.charAt(0).toUpperCase()}${why.slice(1)}.`;
  return `Waiting: ${why}.`;
}
