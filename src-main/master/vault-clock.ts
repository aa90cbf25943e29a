import { z } from 'zod';
import type { FactTable } from '../db/facts.ts';

const FACT = 'vaultClock';
export const DAY_MS = 86_400_000;

const Noted = z.object({
  /** Date of the last look, in ms since 1970. */
  wall: z.number(),
  /** What the clock of the vault showed then, in ms. */
  lived: z.number(),
  /** What it has to show before originals are purged by their time again. */
  trustedFrom: z.number(),
});
type Noted = z.infer<typeof Noted>;

/**
 * Counts the time that originals were kept. The date of a computer may be wrong by years (an empty battery, a machine that
 * was resumed, a server of the time that errs), so no more than a day passes between two looks at it, and after a larger
 * step nothing is purged by its time for a day.
 */
export class VaultClock {
  readonly #facts: FactTable;
  readonly #date: () => number;
  readonly #jumped: (ms: number) => void;

  /** @param parts `jumped` is told by how much the date has moved, in ms, when that was more than a day */
  constructor({
    facts,
    date = Date.now,
    jumped = () => undefined,
  }: {
    facts: FactTable;
    date?: () => number;
    jumped?: (ms: number) => void;
  }) {
    this.#facts = facts;
    this.#date = date;
    this.#jumped = jumped;
  }

  /** What it shows, in ms: never less than before. */
  get now(): number {
    return this.#look().lived;
  }

  /** False for a day after the date has moved by more than a day. */
  get isTrusted(): boolean {
    const { lived, trustedFrom } = this.#look();
    return lived >= trustedFrom;
  }

  /** Remembers what it shows; to be called at the start and every hour. */
  tick(): void {
    const before = this.#facts.get(FACT, Noted);
    const now = this.#look();
    this.#facts.set(FACT, now);
    const moved = before ? now.wall - before.wall : 0;
    if (moved > DAY_MS) this.#jumped(moved);
  }

  #look(): Noted {
    const wall = this.#date();
    const before = this.#facts.get(FACT, Noted) ?? { wall, lived: 0, trustedFrom: 0 };
    const passed = wall - before.wall;
    const lived = before.lived + Math.min(DAY_MS, Math.max(0, passed));
    return { wall, lived, trustedFrom: passed > DAY_MS ? lived + DAY_MS : before.trustedFrom };
  }
}
