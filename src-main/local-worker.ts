import path from 'node:path';
import { messageOf, nodeFaultReason } from '../src-shared/errors.ts';
import { LoadMeter } from './computer.ts';
import type { Core } from './core.ts';
import { exists, moveNew, placeNew, remove } from './master/durable.ts';
import type { MasterParts } from './master-parts.ts';
import { isReadable } from './worker/storage.ts';
import { Worker, type WorkerParts } from './worker/worker.ts';

/**
 * The worker of a master's own computer: one as any other, but that it reads originals in place and leaves results to be taken.
 * @param told `onNoWork`: it asked for work, and there was none
 */
export function makeLocalWorker(
  core: Core,
  master: MasterParts,
  { onNoWork, ...parts }: Pick<WorkerParts, 'call' | 'converter' | 'workspace'> & { onNoWork: () => void },
): Worker {
  const { signals, terms, defect, undo } = core;
  const { dispatcher, libraries, intake, checks } = master;
  const meter = new LoadMeter();
  const worker = new Worker({
    ...parts,
    load: () => meter.read(parts.workspace.folder),
    call: async (name, input) => {
      const output = await parts.call(name, input);
      if (name === 'job.lease' && output === null) onNoWork();
      return output;
    },
    transfer: {
      ahead: 0,
      limit: () => undefined,
      holds: ({ size }, source) => isReadable(source, size),
      // Other libraries have nothing to do with it.
      lost: ({ library }) => libraries.loseTouch(library),
      needs: async () => 0,
      source: async (grant) => path.join(libraries.get(grant.library).root, grant.path),
      deliver: ({ task, epoch }, result) =>
        handOver(result.file, (file) => intake.accept({ task, epoch }, { ...result, file })),
    },
    keeps: true,
    jobs: 1,
    signals,
    pace: terms?.pace,
    onYield: (yielding) => checks.set(yielding?.held === true),
    ...(terms && { beatMs: terms.beat }),
    onFault: (error) => {
      defect(error);
      dispatcher.pause.beginFor(nodeFaultReason(error) ?? messageOf(error));
    },
  });
  undo.push(async () => {
    await Promise.all([worker.stop(), intake.stop()]);
  });
  return worker;
}

/**
 * Hands over a link to a result, which may be moved away: the result itself stays until it stands in its place, so that it
 * can be handed over again, by the next start too.
 */
async function handOver(result: string, work: (file: string) => Promise<void>): Promise<void> {
  const handed = `${result}.handed`;
  await remove(handed);
  await placeNew(result, handed);
  try {
    await work(handed);
  } finally {
    // Where links are unknown, it is the result itself.
    if ((await exists(handed)) && !(await exists(result))) await moveNew(handed, result);
    await remove(handed);
  }
}
