import path from 'node:path';
import compression from 'compression';
import express, { Router } from 'express';
import { readPage, sendPage, WEB_ROOT } from './index-page.ts';

/** Addresses of the interface's own pages; files have a dot in their name. */
const PAGES = /^\/[a-z0-9/-]*$/;

/** Serves the built interface: its files, and its one page at every address that the page itself knows how to show. */
export function serveStaticFiles(base: string): Router {
  const router = Router();
  router.use(compression());
  // Names of assets carry a hash of their content.
  router.use('/assets', express.static(path.join(WEB_ROOT, 'assets'), { immutable: true, maxAge: '1y' }));
  router.use(express.static(WEB_ROOT, { index: false }));
  router.get(PAGES, async (_request, response) => sendPage(response, await readPage(), base));
  return router;
}
