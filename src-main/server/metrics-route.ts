import type { RequestHandler } from 'express';
import type { Access } from './access.ts';
import { bearer, isToken } from './auth.ts';
import type { Metrics } from './metrics.ts';

/** What monitoring systems are told, and the token that lets them in. */
export interface MetricsSource {
  metrics: Metrics;
  token: () => string | undefined;
}

/** `GET /metrics`, for users and for whoever has the token of the metrics. */
export function metricsRoute(access: Access, { metrics, token }: MetricsSource): RequestHandler {
  return async (request, response) => {
    const own = token();
    if (own === undefined || !isToken(own, bearer(request.headers.authorization))) access.require(request);
    const { type, text } = await metrics.scrape();
    response.set({ 'Content-Type': type, 'Cache-Control': 'no-store' }).send(text);
  };
}
