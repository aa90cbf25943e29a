import { z } from 'zod';
import type { KeyValueTable } from '../../db/tables/key-value.ts';

const FACT = 'vaultClock';
const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

const Noted = z.object({
  /** Date of the last look, in ms since 1970. */
  wall: z.number(),
  /** Reading of the vault's clock at that time, in ms. */
  lived: z.number(),
  /** Reading from which on expired originals may be purged again. */
  trustedFrom: z.number(),
});
type Noted = z.infer<typeof Noted>;

/**
 * Counts how long originals have been kept. The date of a computer can be wrong by years (an empty battery, a faulty time
 * server), so the clock advances by at most a day between two readings. After a larger step, which is also what a computer
 * sees that was off or asleep, no expired original is purged until the date has been seen to advance normally: an hour later
 * or at the next start. If the date went back by more than a day, it was wrong, and nothing is purged for two days.
 */
export class VaultClock {
  readonly #facts: KeyValueTable;
  readonly #date: () => number;
  readonly #jumped: (ms: number) => void;
  /** True once the date was looked at since this start: before that, the computer may just have been off. */
  #hasLooked = false;

  /** @param parts `jumped` gets the step of the date, in ms, if it moved by more than a day since the last reading */
  constructor({
    facts,
    date = Date.now,
    jumped = () => undefined,
  }: {
    facts: KeyValueTable;
    date?: () => number;
    jumped?: (ms: number) => void;
  }) {
    this.#facts = facts;
    this.#date = date;
    this.#jumped = jumped;
  }

  /** Current reading, in ms: never less than an earlier one. */
  get now(): number {
    return this.#look().lived;
  }

  /** False after the date has moved by more than a day, until it has gone on from there. */
  get isTrusted(): boolean {
    const { lived, trustedFrom } = this.#look();
    return lived >= trustedFrom;
  }

  /** Stores the reading; called at the start and every hour. */
  tick(): void {
    const before = this.#facts.get(FACT, Noted);
    const now = this.#look();
    this.#facts.set(FACT, now);
    const moved = before ? now.wall - before.wall : 0;
    if (this.#hasLooked && Math.abs(moved) > DAY_MS) this.#jumped(moved);
    this.#hasLooked = true;
  }

  #look(): Noted {
    const wall = this.#date();
    const before = this.#facts.get(FACT, Noted) ?? { wall, lived: 0, trustedFrom: 0 };
    const passed = wall - before.wall;
    const lived = before.lived + Math.min(DAY_MS, Math.max(0, passed));
    return { wall, lived, trustedFrom: trustedFrom(before, passed, lived) };
  }
}

function trustedFrom(before: Noted, passed: number, lived: number): number {
  if (passed < -DAY_MS) return lived + 2 * DAY_MS;
  const isInDoubt = before.lived < before.trustedFrom;
  // One step after the other: the date has gone on from the first.
  return passed > DAY_MS && !isInDoubt ? lived + HOUR_MS : before.trustedFrom;
}
