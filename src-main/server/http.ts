import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type NextFunction, type Request, type Response } from 'express';
import helmet from 'helmet';
import { type Caller, CONTRACT } from '../../src-shared/contract.ts';
import { Fault, type FaultCode, messageOf, nodeFaultReason } from '../../src-shared/errors.ts';
import { bearer, isToken, isTrustedOrigin } from './auth.ts';
import { isCall } from './handlers.ts';

const HTTP_STATUS: Record<FaultCode, number> = {
  usage: 400,
  denied: 401,
  missing: 404,
  conflict: 409,
  fenced: 409,
  node: 503,
};

/** Larger requests are no call of the contract. */
const LARGEST_BODY = '1mb';

/** What the HTTP server offers. */
export interface HttpParts {
  call: Caller;
  token: string;
  /** Folder of the built interface. */
  webRoot: string;
  loopbackOnly: boolean;
  /** Told of errors that are no Fault: defects. */
  onDefect: (error: unknown) => void;
}

/** The HTTP server: liveness for all, the contract as REST for who holds the token, and the interface's files. */
export function makeHttpServer(parts: HttpParts): HttpServer {
  const app = express();
  app.disable('x-powered-by');
  app.use((request, _response, next) => {
    next(
      isTrustedOrigin(request, parts.loopbackOnly)
        ? undefined
        : new Fault('denied', 'This request does not come from a page of this server.'),
    );
  });
  app.use(
    helmet({
      // Plain HTTP on a LAN: upgrading it would only break it.
      contentSecurityPolicy: {
        directives: {
          defaultSrc: ["'self'"],
          // helmet's own would allow inline styles, and fonts and styles from anywhere.
          styleSrc: ["'self'"],
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
  app.use('/api', express.json({ limit: LARGEST_BODY, strict: false }));
  app.all('/api/rpc/:name', async (request, response) => {
    const { name } = request.params;
    if (!isToken(parts.token, bearer(request.headers.authorization)))
      throw new Fault('denied', 'A valid token is needed: Authorization: Bearer …');
    if (!isCall(name) || CONTRACT[name].access === 'worker') throw new Fault('missing', `There is no call ${name}.`);
    const reading = request.method === 'GET' && CONTRACT[name].reads;
    if (request.method !== 'POST' && !reading)
      throw new Fault('usage', `${name} takes POST${CONTRACT[name].reads ? ' or GET' : ''}.`);
    const input = reading ? JSON.parse(String(request.query.input ?? '{}')) : (request.body ?? {});
    response.json(await parts.call(name, input));
  });
  app.use('/api', (request) => {
    throw new Fault('missing', `There is nothing at ${request.originalUrl}.`);
  });
  app.use(express.static(parts.webRoot));
  app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
    const told = toFault(error);
    if (!told) parts.onDefect(error);
    const { code, message } = told ?? {
      code: 'node' as const,
      message: 'Something went wrong in Flotilla; its log tells more.',
    };
    response.status(told ? HTTP_STATUS[told.code] : 500).json({ code, sentence: message });
  });
  return createServer(app);
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
 * @returns the address as a user types it
 * @throws Fault `conflict` when the port is taken or may not be used
 */
export async function listen(server: HttpServer, port: number, address: string): Promise<string> {
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
          `Flotilla cannot listen on ${address}, port ${port} (${why}); choose another with WEB_PORT or --port.`,
        ),
      );
    });
    server.listen(port, address, resolve);
  });
  const bound = server.address() as AddressInfo;
  const host =
    address === '0.0.0.0' || address === '::' ? 'localhost' : address.includes(':') ? `[${address}]` : address;
  return `http://${host}:${bound.port}`;
}
