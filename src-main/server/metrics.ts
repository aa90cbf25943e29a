import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { EventName, Events } from '../../src-shared/contract.ts';
import { WORKER_STATES } from '../../src-shared/worker-info.ts';
import type { MasterContext } from '../master/context.ts';
import type { Dispatcher } from '../master/dispatcher.ts';
import type { Traffic } from './traffic.ts';

/** Counting all files again takes no more than this share of the time, however many there are. */
const LARGEST_SHARE = 0.01;
/** More workers than this are not told one by one. */
const MOST_WORKERS = 1000;

/** What the metrics tell of. */
export interface MetricsParts {
  ctx: Pick<MasterContext, 'files' | 'jobs'>;
  dispatcher: Pick<Dispatcher, 'expired' | 'pause' | 'running' | 'fleet'>;
  traffic: Traffic;
  on: <E extends EventName>(event: E, listener: (payload: Events[E]) => void) => unknown;
}

/** The numbers of a master for Prometheus. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #parts: MetricsParts;

  /** @param results of jobs since the start, as they are counted on */
  constructor(parts: MetricsParts, results: Record<string, number>) {
    this.#parts = parts;
    collectDefaultMetrics({ register: this.#registry });
    this.#counter({ name: 'flotilla_jobs_total', help: 'Jobs by what became of them' }, 'result', () => results);
    this.#tellQueue();
    this.#tellWorkers();
    const { traffic, dispatcher } = parts;
    this.#counter(
      { name: 'flotilla_transfer_bytes_total', help: 'Bytes of films sent to workers, of results received from them' },
      'direction',
      () => ({ sent: traffic.total('sent'), received: traffic.total('received') }),
    );
    this.#counter(
      { name: 'flotilla_lease_expiries_total', help: 'Leases that ended because their worker was not heard of' },
      null,
      () => ({ '': dispatcher.expired }),
    );
  }

  /** A scrape, in the text format of Prometheus. */
  async scrape(): Promise<{ type: string; text: string }> {
    return { type: this.#registry.contentType, text: await this.#registry.metrics() };
  }

  /** Values of now, by their one label. */
  #gauge(about: { name: string; help: string }, label: string | null, look: () => Record<string, number>): void {
    new Gauge({
      ...about,
      labelNames: label === null ? [] : [label],
      registers: [this.#registry],
      collect() {
        // Workers go.
        this.reset();
        for (const [name, value] of Object.entries(look())) this.set(label === null ? {} : { [label]: name }, value);
      },
    });
  }

  /** Sums since the start that somebody else keeps, by their one label. */
  #counter(about: { name: string; help: string }, label: string | null, look: () => Record<string, number>): void {
    new Counter({
      ...about,
      labelNames: label === null ? [] : [label],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [name, value] of Object.entries(look())) this.inc(label === null ? {} : { [label]: name }, value);
      },
    });
  }

  #tellQueue(): void {
    const { ctx, dispatcher } = this.#parts;
    const look = this.#seldom(() => ({ counts: ctx.files.counts(), ...ctx.jobs.totals() }));
    this.#gauge(
      { name: 'flotilla_queue_depth', help: 'Films by state; those that are queued wait for a worker' },
      'state',
      () => look().counts,
    );
    this.#gauge({ name: 'flotilla_replaced_bytes', help: 'Bytes of all originals that were replaced' }, null, () => ({
      '': look().sourceBytes,
    }));
    this.#gauge({ name: 'flotilla_saved_bytes', help: 'Bytes that all replacements have saved' }, null, () => ({
      '': look().sourceBytes - look().resultBytes,
    }));
    this.#gauge({ name: 'flotilla_paused', help: '1 while no work is given out' }, null, () => ({
      '': dispatcher.pause.reason === null ? 0 : 1,
    }));
  }

  #tellWorkers(): void {
    const { dispatcher } = this.#parts;
    const known = () => dispatcher.fleet.brief().slice(0, MOST_WORKERS);
    /** Sums over what each worker encodes now. */
    const sum = (of: 'fps' | 'speed') => () => {
      const sums = Object.fromEntries(known().map(({ name }) => [name, 0]));
      for (const { worker, progress } of dispatcher.running)
        if (progress.stage === 'encoding' && worker in sums) sums[worker] = (sums[worker] ?? 0) + (progress[of] ?? 0);
      return sums;
    };
    this.#gauge({ name: 'flotilla_workers', help: 'Workers by state' }, 'state', () => {
      const states = Object.fromEntries(WORKER_STATES.map((state) => [state, 0]));
      for (const { state } of dispatcher.fleet.brief()) states[state] = (states[state] ?? 0) + 1;
      return states;
    });
    this.#gauge({ name: 'flotilla_encode_fps', help: 'Frames a second that a worker encodes' }, 'worker', sum('fps'));
    this.#gauge(
      { name: 'flotilla_encode_speed', help: 'Seconds of film a second that a worker encodes' },
      'worker',
      sum('speed'),
    );
    this.#gauge(
      { name: 'flotilla_worker_breaker', help: '1 while a worker is given no work because of a fault of its computer' },
      'worker',
      () => Object.fromEntries(known().map(({ name, fault }) => [name, fault ? 1 : 0])),
    );
  }

  /**
   * Remembers what takes time to look up, which grows with the library: it is looked up again only when something has
   * changed, and the rarer the longer it takes.
   */
  #seldom<T>(lookUp: () => T): () => T {
    let known: T | undefined;
    let changed = true;
    let next = 0;
    for (const event of ['file', 'listed', 'libraries'] as const)
      this.#parts.on(event, () => {
        changed = true;
      });
    return () => {
      const now = performance.now();
      if (known === undefined || (changed && now >= next)) {
        known = lookUp();
        changed = false;
        next = now + (performance.now() - now) / LARGEST_SHARE;
      }
      return known;
    };
  }
}
