import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo, Server as TcpServer } from 'node:net';
import express, { type ErrorRequestHandler, type NextFunction, type Request, type Response } from 'express';
import helmet from 'helmet';
import { type Caller, CONTRACT } from '../../src-shared/contract.ts';
import { Fault, type FaultCode, messageOf, nodeFaultReason } from '../../src-shared/errors.ts';
import type { Access } from './access.ts';
import { type HostRule, isTrustedOrigin } from './auth.ts';
import { frameRoutes } from './frame-routes.ts';
import { mayCall } from './handlers.ts';
import { type MetricsSource, metricsRoute } from './metrics-route.ts';
import { makeNonce, nonceSource, serveInterface } from './page.ts';
import type { Previews } from './previews.ts';
import { sessionRoutes } from './session-routes.ts';

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

/** What the HTTP server offers. */
export interface HttpParts {
  call: Caller;
  access: Access;
  previews: Previews;
  metrics: MetricsSource;
  /** Folder of the built interface. */
  webRoot: string;
  hosts: HostRule;
  /** '' or `/path`: what comes before every address of the interface. */
  base: string;
  /** Told of errors that are no Fault: defects. */
  onDefect: (error: unknown) => void;
}

/** The HTTP server: liveness for all, the contract as REST for who is let in, and the interface's files. */
export function makeHttpServer(parts: HttpParts): HttpServer {
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
  app.use(makeNonce);
  app.use(
    helmet({
      // Plain HTTP on a LAN: upgrading it would only break it.
      contentSecurityPolicy: {
        directives: {
          defaultSrc: ["'self'"],
          // helmet's own would allow inline styles, and fonts and styles from anywhere.
          styleSrc: ["'self'", nonceSource],
          fontSrc: ["'self'"],
          connectSrc: ["'self'", 'ws:', 'wss:'],
          upgradeInsecureRequests: null,
        },
      },
      hsts: false,
    }),
  );
  app.get('/api/status', async (_request, response) => {
    response.json(await parts.call('status', {}));
  });
  app.get('/api/hello', async (_request, response) => {
    response.json(await parts.call('hello', {}));
  });
  app.get('/metrics', metricsRoute(parts.access, parts.metrics));
  app.use('/api', express.json({ limit: LARGEST_BODY, strict: false }));
  app.use('/api/session', sessionRoutes(parts.access, parts.call, parts.base));
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
  app.use(serveInterface(parts.webRoot, parts.base));
  app.use(answerErrors(parts.onDefect));
  return createServer(app);
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

/**
 * Starts listening.
 * @param options `address`: all there are when missing; `advice`: how to choose another port
 * @returns the port, also where `port` was 0
 * @throws Fault `conflict` when the port is taken or may not be used
 */
export async function listen(
  server: TcpServer,
  port: number,
  { address, advice }: { address?: string; advice: string },
): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'EADDRINUSE'
          ? 'another program uses it'
          : error.code === 'EACCES'
            ? 'this user may not'
            : messageOf(error);
      reject(
        new Fault(
          'conflict',
          `Flotilla cannot listen on ${address ? `${address}, ` : ''}port ${port} (${why}); choose another with ${advice}.`,
        ),
      );
    });
    server.listen({ port, host: address }, resolve);
  });
  return (server.address() as AddressInfo).port;
}

/** The address of a server as a user of this computer types it. */
export function urlOf(address: string, port: number): string {
  const host =
    address === '0.0.0.0' || address === '::' ? 'localhost' : address.includes(':') ? `[${address}]` : address;
  // As browsers write it: without the port that is the standard.
  return new URL(`http://${host}:${port}`).origin;
}
