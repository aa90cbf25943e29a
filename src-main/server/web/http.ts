import express, {
  type ErrorRequestHandler,
  type Express,
  type NextFunction,
  type Request,
  type Response,
} from 'express';
import { type Caller, CONTRACT } from '../../../src-shared/contract/index.ts';
import { INTERNAL_ERROR } from '../../../src-shared/text/messages.ts';
import { Fault, type FaultCode, messageOf, nodeFaultReason } from '../../../src-shared/util/errors.ts';
import { mayCall } from '../api/caller.ts';
import type { Access } from '../auth/access.ts';
import { type HostRule, isTrustedOrigin } from '../auth/secrets.ts';
import { sessionRoutes } from '../auth/session-routes.ts';
import { proxyWatch } from '../auth/trusted-proxies.ts';
import { type MetricsSource, metricsRoute } from '../metrics/route.ts';
import { frameRoutes } from '../previews/preview-routes.ts';
import type { Previews } from '../previews/previews.ts';
import { downloadRoutes } from './download-routes.ts';
import { protect } from './index-page.ts';
import { serveStaticFiles } from './static-files.ts';

const HTTP_STATUS: Record<FaultCode, number> = {
  usage: 400,
  denied: 401,
  missing: 404,
  conflict: 409,
  fenced: 409,
  limited: 429,
  node: 503,
};

/** Larger requests are no call of the contract. */
const MAX_BODY_SIZE = '1mb';

/** Dependencies of the HTTP app. */
export interface HttpParts {
  call: Caller;
  access: Access;
  previews: Previews;
  metrics: MetricsSource;
  dataDir: string;
  hosts: HostRule;
  /** '' or `/path`: prefix of every address of the interface. */
  base: string;
  /** Called with a sentence that users should see. */
  warn: (sentence: string) => void;
  /** Called with errors that aren't a Fault: defects. */
  onDefect: (error: unknown) => void;
}

/** The HTTP app: liveness for everyone, the contract as REST for authorized callers, and the files of the interface. */
export function makeApp(parts: HttpParts): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', parts.hosts.trusts);
  app.use((request, _response, next) => {
    next(isTrustedOrigin(request, parts.hosts) ? undefined : new Fault('denied', 'Cross-origin request rejected.'));
  });
  app.use(protect);
  app.get('/api/status', async (_request, response) => {
    response.json(await parts.call('status', {}));
  });
  app.get('/api/hello', async (_request, response) => {
    response.json(await parts.call('hello', {}));
  });
  app.get('/metrics', metricsRoute(parts.access, parts.metrics));
  app.use('/api', express.json({ limit: MAX_BODY_SIZE, strict: false }));
  app.use('/api/session', sessionRoutes({ ...parts, lookForProxy: proxyWatch(parts.hosts.trusts, parts.warn) }));
  app.use('/api', downloadRoutes(parts));
  app.use('/api/files', frameRoutes(parts.access, parts.previews));
  app.all('/api/rpc/:name', async (request, response) => {
    const { name } = request.params;
    parts.access.require(request);
    if (!mayCall('user', name)) throw new Fault('missing', `Unknown call ${name}.`);
    const reading = request.method === 'GET' && CONTRACT[name].reads;
    if (request.method !== 'POST' && !reading)
      throw new Fault('usage', `${name} takes POST${CONTRACT[name].reads ? ' or GET' : ''}.`);
    const input = reading ? JSON.parse(String(request.query.input ?? '{}')) : (request.body ?? {});
    response.json(await parts.call(name, input));
  });
  app.use('/api', (request) => {
    throw new Fault('missing', `There is nothing at ${request.originalUrl}.`);
  });
  app.use(serveStaticFiles(parts.base));
  app.use(answerErrors(parts.onDefect));
  return app;
}

/** Express middleware that answers an error with its sentence and status. */
export function answerErrors(onDefect: (error: unknown) => void): ErrorRequestHandler {
  return (error: unknown, _request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) return next(error);
    const fault = toFault(error);
    if (!fault) onDefect(error);
    const { code, message } = fault ?? {
      code: 'node' as const,
      message: INTERNAL_ERROR,
    };
    response.status(fault ? HTTP_STATUS[fault.code] : 500).json({ code, sentence: message });
  };
}

/** Returns the error as a caller may see it; undefined for a defect. */
export function toFault(error: unknown): Fault | undefined {
  if (error instanceof Fault) return error;
  const reason = nodeFaultReason(error);
  if (reason) return new Fault('node', `This computer can't do that now: ${reason}.`);
  const status = (error as { status?: number }).status ?? 500;
  if (status < 500) return new Fault('usage', `Couldn't read the request: ${messageOf(error)}.`);
  return error instanceof SyntaxError ? new Fault('usage', 'The input is not valid JSON.') : undefined;
}
