import { z } from 'zod';

/** When a worker pauses for the person who uses its computer. A rule has no effect if the computer can't measure it. */
export const Rules = z.strictObject({
  /** Minutes without keyboard and mouse before it works; null works beside its user, at the lowest priority. */
  idleMinutes: z.int().min(1).max(240).nullable(),
  /** Not on battery. */
  battery: z.boolean(),
  /** Not while an application covers the whole screen. */
  fullScreen: z.boolean(),
  /** Not while a core is hotter than this many degrees Celsius; null leaves that to the processor, which slows itself down. */
  celsius: z.int().min(40).max(110).nullable(),
  /** What happens to running conversions, also at the end of working hours: they are suspended, or finished first. */
  running: z.enum(['hold', 'finish']),
});
export type Rules = z.infer<typeof Rules>;

/**
 * Rules of a computer whose user has chosen none, near to those of BOINC: not on battery, but beside a user who is there, because
 * the lowest priority keeps out of the way and a computer that is used all day would do nothing otherwise. For games and videos
 * that is not enough, hence the full screen. Processors look after their heat themselves.
 */
export const DEFAULT_RULES: Rules = {
  idleMinutes: null,
  battery: true,
  fullScreen: true,
  celsius: null,
  running: 'hold',
};

/** Example of rules; `finish`: running conversions are finished first. */
export const RULES_FORM = 'battery,full-screen,idle=5,celsius=85,finish';

/**
 * Parses rules written in one line; rules that aren't named are off, and `always` alone turns all off.
 * @returns null for an empty list; undefined if an item isn't a rule
 */
export function parseRules(items: string[]): Rules | null | undefined {
  const given = new Map<string, string | undefined>();
  for (const item of items) {
    const [name = '', ...values] = item.trim().split('=');
    given.set(name, values[0]);
  }
  if (given.size === 0) return null;
  const number = (name: string) => (given.has(name) ? Number(given.get(name) || Number.NaN) : null);
  for (const [name, value] of given) {
    const isBare = ['battery', 'full-screen', 'finish', 'always'].includes(name) && value === undefined;
    if (!isBare && name !== 'idle' && name !== 'celsius') return undefined;
  }
  return Rules.safeParse({
    idleMinutes: number('idle'),
    battery: given.has('battery'),
    fullScreen: given.has('full-screen'),
    celsius: number('celsius'),
    running: given.has('finish') ? 'finish' : 'hold',
  }).data;
}

/** Signals that a computer can measure, so that rules about them have an effect. */
export const SENSES = ['idle', 'battery', 'fullScreen', 'celsius'] as const;
export type Sense = (typeof SENSES)[number];

/** Why a worker steps back, what counts most first; `user` is a pause at the computer itself. */
export const CAUSES = ['user', 'hours', 'battery', 'fullScreen', 'active', 'hot'] as const;
export type Cause = (typeof CAUSES)[number];

/** That a worker takes no work, although it could. */
export const Yielding = z.object({
  cause: z.enum(CAUSES),
  /** True if running conversions are suspended too; otherwise they are finished. */
  held: z.boolean(),
});
export type Yielding = z.infer<typeof Yielding>;
