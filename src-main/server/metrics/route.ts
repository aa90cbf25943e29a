import { setTimeout } from 'node:timers/promises';
import type { RequestHandler } from 'express';
import type { Access } from '../auth/access.ts';
import { bearer, isToken } from '../auth/secrets.ts';
import { countResults } from './job-metrics.ts';
import type { Metrics, MetricsParts } from './metrics.ts';

/** The event loop's delay is known from its first samples on: prom-client takes one every 10 ms. */
const FIRST_DELAY_MS = 30;

/** Metrics for monitoring systems, and the token that authorizes them. */
export interface MetricsSource {
  parts: MetricsParts;
  token: () => string | undefined;
}

/** `GET /metrics`, for users and for holders of the metrics token. */
export function metricsRoute(access: Access, { parts, token }: MetricsSource): RequestHandler {
  const results = countResults(parts);
  // prom-client is loaded by those only that are scraped.
  let loading: Promise<Metrics> | undefined;
  const load = async () => {
    const { Metrics } = await import('./metrics.ts');
    const metrics = new Metrics(parts, results);
    await setTimeout(FIRST_DELAY_MS);
    return metrics;
  };
  return async (request, response) => {
    const own = token();
    if (own === undefined || !isToken(own, bearer(request.headers.authorization))) access.require(request);
    loading ??= load();
    const { type, text } = await (await loading).scrape();
    response.set({ 'Content-Type': type, 'Cache-Control': 'no-store' }).send(text);
  };
}
