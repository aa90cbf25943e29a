import path from 'node:path';
import type { CHUNK_CALLS } from '../../../src-shared/contract/chunks.ts';
import type { Handlers } from '../../../src-shared/contract/index.ts';
import type { MasterContext } from '../../master/context.ts';
import type { ChunkDispatcher } from '../../master/queue/chunks/chunk-dispatcher.ts';
import type { ChunkUploads } from '../../master/transfer/chunk-uploads.ts';
import { workerOf } from './caller.ts';
import { byPath } from './jobs.ts';

export interface ChunkHandlerParts {
  ctx: MasterContext;
  chunks: ChunkDispatcher;
  chunkUploads: ChunkUploads;
}

/** Returns the handlers by which several workers encode one video. */
export function chunkHandlers({
  ctx,
  chunks,
  chunkUploads,
}: ChunkHandlerParts): Pick<Handlers, keyof typeof CHUNK_CALLS> {
  return {
    'chunk.offer': (offer, actor) => {
      chunks.offer(offer, workerOf(actor));
      return {};
    },
    'chunk.next': (request, actor) => chunks.next(request, workerOf(actor)),
    'chunk.lease': (_, actor) => chunks.lease(workerOf(actor)),
    'chunk.beat': ({ held }, actor) => ({ lost: chunks.beat(held, workerOf(actor)) }),
    'chunk.finish': ({ outcome, ...lease }, actor) => {
      if (outcome.kind === 'done') chunkUploads.requireIntact(lease, workerOf(actor), outcome);
      chunks.finish(lease, outcome, workerOf(actor));
      return {};
    },
    'chunk.list': (wanted) => chunks.list('file' in wanted ? wanted.file : byPath(ctx, path.resolve(wanted.path)).file),
  };
}
