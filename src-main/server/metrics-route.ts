import type { RequestHandler } from 'express';
import type { Access } from './access.ts';
import { bearer, isToken } from './auth.ts';
import { countResults } from './job-results.ts';
import type { Metrics, MetricsParts } from './metrics.ts';

/** What monitoring systems are told, and the token that lets them in. */
export interface MetricsSource {
  parts: MetricsParts;
  token: () => string | undefined;
}

/** `GET /metrics`, for users and for whoever has the token of the metrics. */
export function metricsRoute(access: Access, { parts, token }: MetricsSource): RequestHandler {
  const results = countResults(parts);
  // What telling them takes is loaded where somebody asks.
  let loading: Promise<Metrics> | undefined;
  const load = async () => new (await import('./metrics.ts')).Metrics(parts, results);
  return async (request, response) => {
    const own = token();
    if (own === undefined || !isToken(own, bearer(request.headers.authorization))) access.require(request);
    loading ??= load();
    const { type, text } = await (await loading).scrape();
    response.set({ 'Content-Type': type, 'Cache-Control': 'no-store' }).send(text);
  };
}
