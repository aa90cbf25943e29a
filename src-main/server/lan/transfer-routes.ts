import path from 'node:path';
import express, { type Request as HttpRequest, type Response as HttpResponse, type Router } from 'express';
import type { ChunkLease } from '../../../src-shared/jobs/chunk-lease.ts';
import type { Lease } from '../../../src-shared/jobs/lease.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import type { ChunkUploads } from '../../master/transfer/chunk-uploads.ts';
import type { SourceFiles } from '../../master/transfer/source-files.ts';
import { idOf, leaseOf, type Uploads } from '../../master/transfer/uploads.ts';
import type { TransferMetrics } from '../metrics/transfer-metrics.ts';
import type { KnownWorker } from './lan-server.ts';
import { sendRange } from './send-range.ts';
import type { Tus } from './tus-store.ts';

/** What workers fetch from and upload to. */
export interface TransferParts {
  originals: SourceFiles;
  uploads: Uploads;
  chunks: ChunkUploads;
  traffic: TransferMetrics;
}

/**
 * The files of workers, by lease and never by path: `GET /tasks/:task/source?epoch=` with ranges, the result by tus at
 * `/uploads/:task-:epoch`, and single chunks by PUT and GET at `/chunks/:task-:epoch/:from-:to`. Expects `response.locals.worker`.
 */
export function makeTransferRouter({ originals, uploads, chunks, traffic }: TransferParts): Router {
  const router = express.Router();
  router.get('/tasks/:task/source', async (request, response) => {
    const lease = leaseOf(`${request.params.task}-${String(request.query.epoch)}`);
    if (!lease) throw new Fault('usage', 'Request a video by task and epoch.');
    const { root, path: video, size, version } = await originals.find(lease, workerOf(response));
    duringLease(uploads, lease, response);
    countSent(request, response, traffic);
    response.set({ 'Content-Type': 'application/octet-stream', 'Cache-Control': 'no-store' });
    // The validator is the version that was probed.
    await sendRange(request, response, { file: path.join(root, video), size, etag: `"${version}"` });
  });
  addChunkRoutes(router, { chunks, traffic });

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
    tus ??= import('./tus-store.ts')
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

function addChunkRoutes(router: Router, { chunks, traffic }: Pick<TransferParts, 'chunks' | 'traffic'>): void {
  router.put('/chunks/:lease/:range', async (request, response) => {
    const { socket } = request;
    const before = socket.bytesRead;
    const counted = traffic.follow('received', () => socket.bytesRead - before);
    response.once('close', counted);
    // Without a length this is no number, which is refused.
    const size = Number(request.get('content-length'));
    await chunks.receive(chunkOf(request), workerOf(response), size, request);
    response.sendStatus(204);
  });
  router.get('/chunks/:lease/:range', async (request, response) => {
    const { file, size, sha256 } = await chunks.find(chunkOf(request), workerOf(response));
    countSent(request, response, traffic);
    response.set({ 'Content-Type': 'application/octet-stream', 'Cache-Control': 'no-store' });
    await sendRange(request, response, { file, size, etag: `"${sha256}"` });
  });
}

/** Counts the bytes of a response as long as it lasts. */
function countSent({ socket }: HttpRequest, response: HttpResponse, traffic: TransferMetrics): void {
  const before = socket.bytesWritten;
  const counted = traffic.follow('sent', () => socket.bytesWritten - before);
  response.once('close', counted);
}

/** @throws Fault `usage` when a request names no chunk */
function chunkOf({ params }: HttpRequest): ChunkLease {
  const lease = leaseOf(String(params.lease));
  const [, from, to] = /^(\d{1,15})-(\d{1,15})$/.exec(String(params.range)) ?? [];
  if (!lease || !from || !to) throw new Fault('usage', 'Name a chunk by task, epoch, and frames.');
  return { ...lease, from: Number(from), to: Number(to) };
}

function workerOf(response: HttpResponse): string {
  return (response.locals.worker as KnownWorker).id;
}

/** Cuts a request when its lease is lost. */
function duringLease(uploads: Uploads, lease: Lease, response: HttpResponse): void {
  const over = uploads.during(lease, () => response.destroy());
  response.once('close', over);
}

/** Converts a request for tus: everything but its body, which is written to disk without web streams in between. */
function toWebRequest(request: HttpRequest, id: string): Request {
  // A declared length is a limit; without one there would be none.
  if (request.method === 'PATCH' && request.headers['content-length'] === undefined) {
    throw new Fault('usage', 'A part of an upload needs a length.');
  }
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) headers.set(name, String(value));
  return new Request(`https://master/${id}`, { method: request.method, headers });
}
