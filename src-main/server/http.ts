import express, {
  type ErrorRequestHandler,
  type Express,
  type NextFunction,
  type Request,
  type Response,
} from 'express';
import { type Caller, CONTRACT } from '../../src-shared/contract.ts';
import { Fault, type FaultCode, messageOf, nodeFaultReason } from '../../src-shared/errors.ts';
import type { Access } from './access.ts';
import { type HostRule, isTrustedOrigin } from './auth.ts';
import { frameRoutes } from './frame-routes.ts';
import { mayCall } from './handlers.ts';
import { type MetricsSource, metricsRoute } from './metrics-route.ts';
import { protect } from './page.ts';
import type { Previews } from './previews.ts';
import { proxyWatch } from './proxies.ts';
import { sessionRoutes } from './session-routes.ts';
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
const LARGEST_BODY = '1mb';

/** What is offered over HTTP. */
export interface HttpParts {
  call: Caller;
  access: Access;
  previews: Previews;
  metrics: MetricsSource;
  hosts: HostRule;
  /** '' or `/path`: what comes before every address of the interface. */
  base: string;
  /** Told what users should know, as a sentence. */
  warn: (sentence: string) => void;
  /** Told of errors that are no Fault: defects. */
  onDefect: (error: unknown) => void;
}

/** What answers HTTP: liveness for all, the contract as REST for who is let in, and the interface's files. */
export function makeApp(parts: HttpParts): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', parts.hosts.trusts);
  app.use((request, _response, next) => {
    next(
      isTrustedOrigin(request, parts.hosts)
        ? undefined
        : new Fault('denied', 'This request does not come from a page of this server.'),
    );
  });
  app.use(protect);
  app.get('/api/status', async (_request, response) => {
    response.json(await parts.call('status', {}));
  });
  app.get('/api/hello', async (_request, response) => {
    response.json(await parts.call('hello', {}));
  });
  app.get('/metrics', metricsRoute(parts.access, parts.metrics));
  app.use('/api', express.json({ limit: LARGEST_BODY, strict: false }));
  app.use('/api/session', sessionRoutes({ ...parts, lookForProxy: proxyWatch(parts.hosts.trusts, parts.warn) }));
  app.use('/api/files', frameRoutes(parts.access, parts.previews));
  app.all('/api/rpc/:name', async (request, response) => {
    const { name } = request.params;
    parts.access.require(request);
    if (!mayCall('user', name)) throw new Fault('missing', `There is no call ${name}.`);
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
    const told = toFault(error);
    if (!told) onDefect(error);
    const { code, message } = told ?? {
      code: 'node' as const,
      message: 'Something went wrong in Flotilla; its log tells more.',
    };
    response.status(told ? HTTP_STATUS[told.code] : 500).json({ code, sentence: message });
  };
}

/** What a caller may be told of an error; undefined for a defect. */
export function toFault(error: unknown): Fault | undefined {
  if (error instanceof Fault) return error;
  const reason = nodeFaultReason(error);
  if (reason) return new Fault('node', `This computer cannot do that now: ${reason}.`);
  const status = (error as { status?: number }).status ?? 500;
  if (status < 500) return new Fault('usage', `The request could not be read: ${messageOf(error)}.`);
  return error instanceof SyntaxError ? new Fault('usage', 'The input is not valid JSON.') : undefined;
}
