import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import path from 'node:path';
import compression from 'compression';
import express, { type RequestHandler, type Response, Router } from 'express';

/** What build/electron.vite.config.ts writes wherever the page needs the nonce of its answer. */
const NONCE_PLACEHOLDER = '%CSP_NONCE%';
/** The same for the path below which the interface is. */
const BASE_PLACEHOLDER = '__BASE__';
/** Addresses of the interface's own pages; files have a dot in their name. */
const PAGES = /^\/[a-z0-9/-]*$/;

/** Makes the nonce of an answer, before any header is written that names it. */
export const makeNonce: RequestHandler = (_request, response, next) => {
  response.locals.nonce = randomBytes(16).toString('base64');
  next();
};

/** The style source that lets this one answer's page add styles of its own: `'nonce-…'`. */
export const nonceSource = (_request: unknown, response: ServerResponse): string =>
  `'nonce-${(response as Response).locals.nonce}'`;

/** Serves the built interface: its files, and its one page at every address that the page itself knows how to show. */
export function serveInterface(webRoot: string, base: string): Router {
  const router = Router();
  router.use(compression());
  // Names of assets carry a hash of their content.
  router.use('/assets', express.static(path.join(webRoot, 'assets'), { immutable: true, maxAge: '1y' }));
  router.use(express.static(webRoot, { index: false }));
  router.get(PAGES, async (_request, response) => {
    const page = await readFile(path.join(webRoot, 'index.html'), 'utf8');
    response.set('Cache-Control', 'no-store').type('html');
    response.send(page.replaceAll(NONCE_PLACEHOLDER, response.locals.nonce).replaceAll(BASE_PLACEHOLDER, base));
  });
  return router;
}
