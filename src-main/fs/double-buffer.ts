/** Held before the giver has to wait, in bytes. */
const HOLD = 1024 * 1024;
/** No piece may be larger, in bytes: nothing that Node reads from a connection is. */
export const MAX_PIECE_BYTES = 64 * 1024;

/**
 * Gathers the small chunks of a connection into large ones, reusing the same two buffers: one is filled while the other is
 * processed. Queueing the chunks in a stream instead costs more to collect as garbage than to receive.
 */
export class DoubleBuffer {
  #filling = Buffer.allocUnsafeSlow(HOLD);
  #spare = Buffer.allocUnsafeSlow(HOLD);
  #filled = 0;
  #full = false;
  #ended: { error: unknown } | undefined;
  #changed = Promise.withResolvers<void>();
  readonly #onRoom: () => void;

  /** @param onRoom called when there is room again after {@link put} has returned false */
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
    this.#full = this.#filled + MAX_PIECE_BYTES > HOLD;
    this.#changed.resolve();
    return !this.#full;
  }

  /** Nothing more comes; an error is reported once all earlier data is taken. Only the first end counts. */
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
