import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Forecast } from '../../../src-shared/contract/forecast.ts';
import type { Awaited, ForecastTable } from '../../db/tables/forecasts.ts';
import type { Forecasts, Foretold } from './forecasts.ts';

/** Videos that are foretold before others have their turn. */
const BATCH = 1000;
/** Sums are taken again no more often than takes this share of the time. */
const MAX_SHARE = 0.01;
/** Two standard deviations of a computer's speed when it's known from one video, as a share. */
const SPEED_ERROR = 0.6;

type Total = Omit<Forecast, 'measuring'>;

/** What totals stand on. */
export interface TotalParts {
  table: ForecastTable;
  forecasts: Forecasts;
  /** Effort a second of the computers that take work, together, and how many they are. */
  fleet: () => { speed: number | undefined; computers: number };
}

/** Foretells what converting whole libraries will come to. */
export class TotalForecasts {
  readonly #parts: TotalParts;
  readonly #known = new Map<number | undefined, { model: object; at: number; cost: number; sums: Sums }>();

  constructor(parts: TotalParts) {
    this.#parts = parts;
  }

  /** The forecast of a library, or of all of them. */
  async of(library?: number): Promise<Total> {
    const { bytesAfter, bytesError, effort, effortError, timed, ...rest } = await this.#sums(library);
    const { speed, computers } = this.#parts.fleet();
    const seconds = speed ? effort / speed : null;
    const share = Math.hypot(effortError, SPEED_ERROR / Math.sqrt(Math.max(1, timed)));
    return {
      ...rest,
      bytesAfter,
      bytesError,
      computers,
      seconds,
      secondsError: seconds === null ? null : seconds * share,
    };
  }

  /** Every waiting video with its forecast. */
  async foretold(library?: number): Promise<{ row: Awaited; foretold: Foretold }[]> {
    const all: { row: Awaited; foretold: Foretold }[] = [];
    for (let after = 0; ; ) {
      const rows = this.#parts.table.awaited(after, BATCH, library);
      for (const row of rows) all.push({ row, foretold: this.#parts.forecasts.foretell(row) });
      const last = rows.at(-1);
      if (!last) return all;
      after = last.id;
      await nextTurn();
    }
  }

  async #sums(library: number | undefined): Promise<Sums> {
    const started = performance.now();
    const { model } = this.#parts.forecasts;
    const known = this.#known.get(library);
    if (known?.model === model && started - known.at < known.cost / MAX_SHARE) return known.sums;
    const all = await this.foretold(library);
    const total = model.total(all.map(({ foretold }) => foretold));
    const sums: Sums = {
      videos: all.length,
      bytes: all.reduce((sum, { row }) => sum + row.size, 0),
      bytesAfter: Math.round(total.bytes),
      bytesError: Math.round(total.bytesError),
      effort: total.effort,
      effortError: total.effortError,
      learned: model.learned,
      timed: model.timed,
    };
    this.#known.set(library, { model, at: started, cost: performance.now() - started, sums });
    return sums;
  }
}

interface Sums {
  videos: number;
  bytes: number;
  bytesAfter: number;
  bytesError: number;
  effort: number;
  effortError: number;
  learned: number;
  timed: number;
}
