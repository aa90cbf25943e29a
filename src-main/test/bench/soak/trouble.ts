/** What happens to the computers of a soak run: deaths, pauses, cut cables, full disks, clocks that jump, a master that restarts. */
import { rmSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { SoakMaster, SoakWorker } from './processes.ts';
import { fill } from './small-disk.ts';

/** From one trouble to the next, in ms: a computer that starts again takes seconds of a processor, and 20 of them share this one's. */
const PAUSE_MS = 3000;
const DAY_MS = 86_400_000;

/** What trouble can reach. */
export interface Scene {
  master: SoakMaster;
  workers: SoakWorker[];
  masterClock: { set: (offset: number) => void };
  /** Small disks that can be filled: the library's, and those of unfinished results. */
  disks: string[];
}

type Trouble = (scene: Scene, random: () => number) => Promise<void>;

const seconds = (random: () => number, most: number) => wait(random() * most * 1000);
const pick = <T>(items: T[], random: () => number): T | undefined => items[Math.floor(random() * items.length)];

/** Does something to a worker that nothing else is being done to. */
const toWorker =
  (act: (worker: SoakWorker, random: () => number) => Promise<void>): Trouble =>
  async ({ workers }, random) => {
    const worker = pick(
      workers.filter(({ busy }) => !busy),
      random,
    );
    if (!worker) return;
    worker.busy = true;
    await act(worker, random);
    worker.busy = false;
  };

const TROUBLES: Record<string, { weight: number; happen: Trouble }> = {
  kill: {
    weight: 4,
    happen: toWorker(async (worker, random) => {
      await worker.end('SIGKILL');
      await seconds(random, 8);
      worker.start();
    }),
  },
  end: {
    weight: 2,
    happen: toWorker(async (worker, random) => {
      await worker.end('SIGTERM');
      await seconds(random, 4);
      worker.start();
    }),
  },
  // Up to longer than a lease lives.
  stop: {
    weight: 3,
    happen: toWorker(async (worker, random) => {
      worker.signal('SIGSTOP');
      await seconds(random, 20);
      worker.signal('SIGCONT');
    }),
  },
  cut: {
    weight: 4,
    happen: toWorker(async (worker, random) => {
      worker.proxy.unplug();
      await seconds(random, random() < 0.8 ? 2 : 20);
      worker.proxy.plug();
    }),
  },
  clock: {
    weight: 2,
    happen: toWorker(async (worker, random) => worker.clock.set(Math.round((random() - 0.5) * 4 * DAY_MS))),
  },
  masterClock: {
    weight: 0.5,
    happen: async ({ masterClock }, random) => masterClock.set(Math.round((random() - 0.5) * DAY_MS)),
  },
  disk: {
    weight: 1.5,
    happen: async ({ disks }, random) => {
      const disk = pick(disks, random);
      if (!disk) return;
      const filler = fill(disk);
      await seconds(random, 5);
      rmSync(filler, { force: true });
    },
  },
  masterKill: {
    weight: 0.3,
    happen: async ({ master }, random) => {
      await master.end(random() < 0.7 ? 'SIGKILL' : 'SIGTERM');
      await seconds(random, 3);
      await master.start();
    },
  },
};

/** Troubles that another of the same kind must not meet. */
const ALONE = new Set(['disk', 'masterKill', 'masterClock']);

/** Makes trouble until told to stop; tells how often each kind happened. */
export class TroubleMaker {
  readonly counts: Record<string, number> = {};
  readonly #scene: Scene;
  readonly #random: () => number;
  readonly #running = new Map<Promise<void>, string>();
  readonly #left = new Set<string>();
  #over = false;
  #loop: Promise<void> | undefined;

  constructor(scene: Scene, random: () => number) {
    this.#scene = scene;
    this.#random = random;
  }

  start(): void {
    this.#loop = this.#run();
  }

  /** Makes no trouble of this kind any more. */
  leave(name: string): void {
    this.#left.add(name);
  }

  /** Resolves when everything that was done is undone. @throws what went wrong in doing it */
  async stop(): Promise<void> {
    this.#over = true;
    await this.#loop;
    await Promise.all(this.#running.keys());
  }

  async #run(): Promise<void> {
    const all = Object.entries(TROUBLES);
    const total = all.reduce((sum, [, { weight }]) => sum + weight, 0);
    while (!this.#over) {
      let left = this.#random() * total;
      const [name, { happen }] = all.find(([, { weight }]) => {
        left -= weight;
        return left < 0;
      }) as (typeof all)[number];
      const doubled = ALONE.has(name) && [...this.#running.values()].includes(name);
      if (!doubled && !this.#left.has(name)) {
        this.counts[name] = (this.counts[name] ?? 0) + 1;
        const done = happen(this.#scene, this.#random).finally(() => this.#running.delete(done));
        this.#running.set(done, name);
      }
      await wait(this.#random() * 2 * PAUSE_MS);
    }
  }
}
