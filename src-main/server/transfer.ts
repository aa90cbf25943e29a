import path from 'node:path';
import express, { type Request as HttpRequest, type Response as HttpResponse, type Router } from 'express';
import { Fault } from '../../src-shared/errors.ts';
import type { Lease } from '../../src-shared/lease.ts';
import type { Originals } from '../master/originals.ts';
import { idOf, leaseOf, type Uploads } from '../master/uploads.ts';
import type { KnownWorker } from './lan.ts';
import { sendRange } from './send-range.ts';
import type { Traffic } from './traffic.ts';
import type { Tus } from './tus.ts';

/** What workers fetch from and upload to. */
export interface TransferParts {
  originals: Originals;
  uploads: Uploads;
  traffic: Traffic;
}

/**
 * The files of workers, by lease and never by path: `GET /tasks/:task/source?epoch=` with ranges, and the result by tus at
 * `/uploads/:task-:epoch`. Expects `response.locals.worker`.
 */
export function makeTransferRouter({ originals, uploads, traffic }: TransferParts): Router {
  const router = express.Router();
  router.get('/tasks/:task/source', async (request, response) => {
    const lease = leaseOf(`${request.params.task}-${String(request.query.epoch)}`);
    if (!lease) throw new Fault('usage', 'A film is asked for by task and epoch.');
    const { root, path: film, size, version } = await originals.find(lease, workerOf(response));
    duringLease(uploads, lease, response);
    const { socket } = request;
    const before = socket.bytesWritten;
    response.once(
      'close',
      traffic.follow('sent', () => socket.bytesWritten - before),
    );
    response.set({ 'Content-Type': 'application/octet-stream', 'Cache-Control': 'no-store' });
    // The validator is the version that was probed.
    await sendRange(request, response, { file: path.join(root, film), size, etag: `"${version}"` });
  });

  let tus: Promise<Tus> | undefined;
  const running = new Map<string, HttpRequest>();
  router.all('/uploads/:lease', async (request, response) => {
    const lease = leaseOf(request.params.lease);
    if (!lease || !['POST', 'HEAD', 'PATCH'].includes(request.method)) {
      throw new Fault('missing', `There is nothing at ${request.originalUrl}.`);
    }
    const worker = workerOf(response);
    uploads.claim(lease, worker);
    const id = idOf(lease);
    const before = running.get(id);
    // A connection that died unnoticed in the middle of a body is replaced by the next one.
    if (before && !before.complete) before.destroy();
    running.set(id, request);
    response.once('close', () => running.get(id) === request && running.delete(id));
    duringLease(uploads, lease, response);
    if (request.method === 'POST') await uploads.create(lease, worker, Number(request.get('upload-length')));
    // Loaded for the first result that comes.
    tus ??= import('./tus.ts')
      .then(({ makeTus }) => makeTus(uploads.folder, traffic))
      .catch((error) => {
        tus = undefined;
        throw error;
      });
    const answer = await (await tus)(request, toWebRequest(request, id));
    response.status(answer.status).setHeaders(answer.headers);
    response.end(await answer.text());
  });
  return router;
}

function workerOf(response: HttpResponse): string {
  return (response.locals.worker as KnownWorker).id;
}

/** Cuts a request when its lease is lost. */
function duringLease(uploads: Uploads, lease: Lease, response: HttpResponse): void {
  const over = uploads.during(lease, () => response.destroy());
  response.once('close', over);
}

/** What tus is told of a request: all but its body, which goes to the disk without the web streams in between. */
function toWebRequest(request: HttpRequest, id: string): Request {
  // Whatever length was declared is all that can come; without one there is no limit to it.
  if (request.method === 'PATCH' && request.headers['content-length'] === undefined) {
    throw new Fault('usage', 'A piece of an upload has to tell its length.');
  }
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) headers.set(name, String(value));
  return new Request(`https://master/${id}`, { method: request.method, headers });
}
