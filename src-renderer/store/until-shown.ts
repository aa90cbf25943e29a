/** What a store of zustand offers to those who wait for its state. */
interface Store<S> {
  getState: () => S;
  subscribe: (listener: (state: S) => void) => () => void;
}

/** A change follows the answer of its call within a second; without it, after a lost connection for example, the wait ends then. */
const MAX_WAIT_MS = 5000;

/** Resolves when the state of a store is as `holds` asks, or after {@link MAX_WAIT_MS}. */
export async function untilShown<S>(store: Store<S>, holds: (state: S) => boolean, limit = MAX_WAIT_MS): Promise<void> {
  if (holds(store.getState())) return;
  let unsubscribe: (() => void) | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  await new Promise<void>((resolve) => {
    unsubscribe = store.subscribe((state) => holds(state) && resolve());
    timer = setTimeout(resolve, limit);
  });
  clearTimeout(timer);
  unsubscribe?.();
}
