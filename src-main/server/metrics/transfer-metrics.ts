/** `sent` are videos to workers, `received` their results. */
export type Direction = 'sent' | 'received';

/** Bytes of videos and results between this master and its workers, those under way among them. */
export class TransferMetrics {
  readonly #over: Record<Direction, number> = { sent: 0, received: 0 };
  readonly #running: Record<Direction, Set<() => number>> = { sent: new Set(), received: new Set() };

  /**
   * Counts a transfer while it runs.
   * @param bytes how many it has got through so far
   * @returns to be called when it is over; once counts
   */
  follow(direction: Direction, bytes: () => number): () => void {
    const reader = () => bytes();
    this.#running[direction].add(reader);
    return () => {
      if (this.#running[direction].delete(reader)) this.#over[direction] += reader();
    };
  }

  total(direction: Direction): number {
    return [...this.#running[direction]].reduce((sum, read) => sum + read(), this.#over[direction]);
  }
}
