import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { EventName, Events } from '../../../src-shared/contract/index.ts';
import { WORKER_STATES } from '../../../src-shared/fleet/worker-info.ts';
import type { MasterContext } from '../../master/context.ts';
import type { Dispatcher } from '../../master/queue/dispatcher.ts';
import type { TransferMetrics } from './transfer-metrics.ts';

/** Counting all files again takes no more than this share of the time, however many there are. */
const MAX_SHARE = 0.01;
/** Workers with metrics of their own, at most. */
const MAX_WORKERS = 1000;

/** Sources of the metrics. */
export interface MetricsParts {
  ctx: Pick<MasterContext, 'files' | 'jobs'>;
  dispatcher: Pick<Dispatcher, 'expired' | 'pause' | 'running' | 'workers'>;
  traffic: TransferMetrics;
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
    this.#counter({ name: 'flotilla_jobs_total', help: 'Jobs by outcome' }, 'result', () => results);
    this.#collectQueue();
    this.#collectWorkers();
    const { traffic, dispatcher } = parts;
    this.#counter(
      {
        name: 'flotilla_transfer_bytes_total',
        help: 'Bytes of videos sent to workers and of results received from them',
      },
      'direction',
      () => ({ sent: traffic.total('sent'), received: traffic.total('received') }),
    );
    this.#counter(
      { name: 'flotilla_lease_expiries_total', help: 'Leases that ended because their worker stopped responding' },
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

  #collectQueue(): void {
    const { ctx, dispatcher } = this.#parts;
    const look = this.#seldom(() => ({ counts: ctx.files.counts(), ...ctx.jobs.totals() }));
    this.#gauge(
      { name: 'flotilla_queue_depth', help: 'Videos by state; queued ones wait for a worker' },
      'state',
      () => look().counts,
    );
    this.#gauge({ name: 'flotilla_replaced_bytes', help: 'Bytes of all originals that were replaced' }, null, () => ({
      '': look().sourceBytes,
    }));
    this.#gauge({ name: 'flotilla_saved_bytes', help: 'Bytes that all replacements have saved' }, null, () => ({
      '': look().sourceBytes - look().resultBytes,
    }));
    this.#gauge({ name: 'flotilla_paused', help: '1 while the queue is paused' }, null, () => ({
      '': dispatcher.pause.reason === null ? 0 : 1,
    }));
  }

  #collectWorkers(): void {
    const { dispatcher } = this.#parts;
    const known = () => dispatcher.workers.states().slice(0, MAX_WORKERS);
    /** Sums over what each worker encodes now. */
    const sum = (of: 'fps' | 'speed') => () => {
      const sums = Object.fromEntries(known().map(({ name }) => [name, 0]));
      for (const { worker, progress } of dispatcher.running)
        if (progress.stage === 'encoding' && worker in sums) sums[worker] = (sums[worker] ?? 0) + (progress[of] ?? 0);
      return sums;
    };
    this.#gauge({ name: 'flotilla_workers', help: 'Workers by state' }, 'state', () => {
      const states = Object.fromEntries(WORKER_STATES.map((state) => [state, 0]));
      for (const { state } of dispatcher.workers.states()) states[state] = (states[state] ?? 0) + 1;
      return states;
    });
    this.#gauge({ name: 'flotilla_encode_fps', help: 'Frames that a worker encodes per second' }, 'worker', sum('fps'));
    this.#gauge(
      { name: 'flotilla_encode_speed', help: 'Seconds of video that a worker encodes per second' },
      'worker',
      sum('speed'),
    );
    this.#gauge(
      { name: 'flotilla_worker_breaker', help: '1 while a worker gets no work because of a fault of its computer' },
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
        next = now + (performance.now() - now) / MAX_SHARE;
      }
      return known;
    };
  }
}
