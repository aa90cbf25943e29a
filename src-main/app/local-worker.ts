import { messageOf, nodeFaultReason } from '../../src-shared/util/errors.ts';
import { LoadMeter } from '../platform/computer.ts';
import { ChunkConverter } from '../worker/encode/chunk-converter.ts';
import { LocalTransfer } from '../worker/transfer/local-transfer.ts';
import { Worker, type WorkerParts } from '../worker/worker.ts';
import type { Master } from './master.ts';
import type { NodeContext } from './types.ts';

/** Builds the worker of a master's own computer. */
export function createLocalWorker(
  { caps, device, emit, processes, reportError, signals, terms, timelines, tools }: NodeContext,
  master: Master,
  parts: Pick<WorkerParts, 'call' | 'converter' | 'workspace'>,
): Worker {
  const { chunkUploads, dispatcher, libraries, intake, suspender } = master;
  const meter = new LoadMeter();
  const transfer = new LocalTransfer({
    rootOf: (library) => libraries.get(library).root,
    onStorageLost: (library) => libraries.pauseUnresponsive(library),
    accept: (lease, result) => intake.accept(lease, result),
    receiveChunk: (lease, size, body) => chunkUploads.receive(lease, device.id, size, body),
    chunkFile: async (lease) => (await chunkUploads.find(lease, device.id)).file,
  });
  return new Worker({
    ...parts,
    load: () => meter.read(parts.workspace.folder),
    transfer,
    chunks: {
      transfer,
      converter: new ChunkConverter({ processes, tools, caps, timelines, stallMs: terms?.stallMs }),
    },
    keeps: true,
    jobs: 1,
    signals,
    pace: terms?.pace,
    onYield: (yielding) => suspender.setSuspended(yielding?.held === true),
    onNoWork: () => {
      if (master.isIdle()) emit('idle', {});
    },
    ...(terms && { beatMs: terms.beat }),
    onFault: (error) => {
      reportError(error);
      dispatcher.pause.beginFor(nodeFaultReason(error) ?? messageOf(error));
    },
  });
}
