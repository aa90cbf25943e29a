import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import helmet from 'helmet';
import { LOOPBACK } from '../../../src-shared/util/loopback.ts';

/** Folder of the built interface: beside the build of the main process, or below the sources. */
export const WEB_ROOT = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../../../out/renderer' : '../renderer', import.meta.url),
);
/** What build/electron.vite.config.ts writes wherever the page needs the nonce of its answer. */
const NONCE_PLACEHOLDER = '%CSP_NONCE%';
/** The same for the path below which the interface is. */
const BASE_PLACEHOLDER = '__BASE__';

const nonces = new WeakMap<ServerResponse, string>();

/** Another one for every answer. */
function nonceOf(response: ServerResponse): string {
  const nonce = nonces.get(response) ?? randomBytes(16).toString('base64');
  nonces.set(response, nonce);
  return nonce;
}

const setHeaders = helmet({
  // Plain HTTP on a LAN: upgrading it would only break it.
  contentSecurityPolicy: {
    directives: {
      defaultSrc: ["'self'"],
      // helmet's own would allow inline styles, and fonts and styles from anywhere. This one answer's page may add some.
      styleSrc: ["'self'", (_request, response) => `'nonce-${nonceOf(response)}'`],
      fontSrc: ["'self'"],
      connectSrc: ["'self'", 'ws:', 'wss:'],
      upgradeInsecureRequests: null,
    },
  },
  hsts: false,
});

/**
 * Whether the browser that asks trusts the origin: over TLS, or on its own computer. Only then does it send Fetch Metadata, which
 * says so behind a proxy, too.
 */
function isTrustworthy(request: IncomingMessage & { secure?: boolean }): boolean {
  const { headers } = request;
  const host = (headers.host ?? '').replace(/:\d+$/, '').toLowerCase();
  return request.secure === true || LOOPBACK.includes(host) || headers['sec-fetch-site'] !== undefined;
}

/** Sets the security headers of pages. */
export function protect(request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void): void {
  setHeaders(request, response, (error) => {
    // Over plain HTTP from another computer, browsers ignore it and report it as an error with every page.
    if (!isTrustworthy(request)) response.removeHeader('Cross-Origin-Opener-Policy');
    next(error);
  });
}

/** The one page of the interface, as it was built. */
export function readPage(): Promise<string> {
  return readFile(path.join(WEB_ROOT, 'index.html'), 'utf8');
}

/**
 * Sends the page, after {@link protect}.
 * @param page of {@link readPage}
 * @param base '' or `/path`: prefix of every address of the interface
 */
export function sendPage(response: ServerResponse, page: string, base: string): void {
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('Content-Type', 'text/html; charset=utf-8');
  response.end(page.replaceAll(NONCE_PLACEHOLDER, nonceOf(response)).replaceAll(BASE_PLACEHOLDER, base));
}
