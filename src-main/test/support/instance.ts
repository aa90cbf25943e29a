import { setTimeout as delay } from 'node:timers/promises';
import { type Instance, readInstance } from '../../platform/instance-file.ts';

const START_MS = 60_000;
const LOOK_MS = 20;

/** A started process of the program. */
interface Running {
  readonly pid: number;
  /** Resolves when it has ended. */
  end(): Promise<unknown>;
}

/** A program that serves, and where. */
export type Serving = Instance & { url: string };

/** A program that accepts workers, and where. */
export type Leading = Serving & { lanPort: number };

/**
 * Resolves when a program serves its interface on a data folder.
 * @throws Error when it ends before that, or takes more than a minute
 */
export function whenServing(program: Running, data: string): Promise<Serving> {
  return waitFor(program, data, (instance): instance is Serving => instance.url !== null);
}

/** Resolves when a program also accepts workers; otherwise like {@link whenServing}. */
export function whenLeading(program: Running, data: string): Promise<Leading> {
  return waitFor(program, data, (instance): instance is Leading => instance.url !== null && instance.lanPort !== null);
}

async function waitFor<T extends Instance>(
  program: Running,
  data: string,
  isReady: (instance: Instance) => instance is T,
): Promise<T> {
  let isOver = false;
  const over = program.end().finally(() => {
    isOver = true;
  });
  over.catch(() => undefined);
  for (const deadline = Date.now() + START_MS; Date.now() < deadline; await delay(LOOK_MS)) {
    const instance = readInstance(data);
    // One that was killed may still be in the process table.
    if (instance?.pid === program.pid && isReady(instance)) return instance;
    if (isOver) throw new Error(`the program ended before it was ready: ${JSON.stringify(await over)}`);
  }
  throw new Error(
    `the program was not ready after ${START_MS} ms; its instance file: ${JSON.stringify(readInstance(data))}`,
  );
}
