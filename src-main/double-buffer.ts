/** Held before the giver has to wait, in bytes. */
const HOLD = 1024 * 1024;
/** No piece may be larger, in bytes: nothing that Node reads from a connection is. */
export const LARGEST_PIECE = 64 * 1024;

/**
 * Gathers the small pieces of a connection into large ones, in the same two buffers again and again: one is being filled
 * while the other is worked on. What would wait in a stream instead costs more to clear up than to receive.
 */
export class DoubleBuffer {
  #filling = Buffer.allocUnsafeSlow(HOLD);
  #spare = Buffer.allocUnsafeSlow(HOLD);
  #filled = 0;
  #full = false;
  #ended: { error: unknown } | undefined;
  #changed = Promise.withResolvers<void>();
  readonly #onRoom: () => void;

  /** @param onRoom told that there is room again after {@link put} has said no */
  constructor(onRoom: () => void) {
    this.#onRoom = onRoom;
  }

  /**
   * Copies a piece.
   * @returns false when the next one has to wait for room
   */
  put(bytes: Uint8Array): boolean {
    this.#filling.set(bytes, this.#filled);
    this.#filled += bytes.length;
    this.#full = this.#filled + LARGEST_PIECE > HOLD;
    this.#changed.resolve();
    return !this.#full;
  }

  /** Nothing more comes; an error is told once all is taken that came before. Only the first end counts. */
  end(error?: unknown): void {
    this.#ended ??= { error };
    this.#changed.resolve();
  }

  /** All that has come, at least a byte; good until the next call. Undefined at the end. @throws the error it ended with */
  async next(): Promise<Buffer | undefined> {
    while (this.#filled === 0) {
      if (this.#ended?.error) throw this.#ended.error;
      if (this.#ended) return undefined;
      await this.#changed.promise;
      this.#changed = Promise.withResolvers();
    }
    const bytes = this.#filling.subarray(0, this.#filled);
    [this.#filling, this.#spare] = [this.#spare, this.#filling];
    this.#filled = 0;
    if (this.#full) {
      this.#full = false;
      this.#onRoom();
    }
    return bytes;
  }
}
