/** An intake with real files and a real database; only its checks are the test's own. */
import { writeFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { WORKER_DEFAULTS } from '../../../src-shared/fleet/worker-info.ts';
import type { Lease } from '../../../src-shared/jobs/lease.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import { Dispatcher } from '../../master/queue/dispatcher.ts';
import type { Member } from '../../master/queue/member.ts';
import { ResultIntake } from '../../master/replace/result-intake.ts';
import { Swapper } from '../../master/replace/swap.ts';
import { Vault } from '../../master/vault/vault.ts';
import { ProcessSuspender } from '../../media/ffmpeg/process-manager.ts';
import type { Verifier } from '../../media/verify/verify.ts';
import { makeContext } from './context.ts';

/** A video in the hands of the worker `a`, and how it delivers its result. */
export async function makeIntake(verify: Verifier['verify'], { retryMs = 1, checks = 1 } = {}) {
  const context = makeContext();
  const { ctx, root, queue } = context;
  ctx.verifier = { verify } as Verifier;
  const [swapper, vault] = [new Swapper(context.vaultParts), new Vault(context.vaultParts)];
  const member = (id: string): Member => ({
    ...{ id, name: id.toUpperCase(), local: false, mode: 'active', settings: WORKER_DEFAULTS },
    ...{ hello: null, addedAt: 0, seenAt: null },
  });
  const dispatcher = new Dispatcher(ctx, { members: () => ['a', 'b'].map(member), retryMs });
  onTestFinished(() => dispatcher.stop());
  const intake = new ResultIntake(ctx, { dispatcher, swapper, vault, brake: new ProcessSuspender(), retryMs, checks });
  onTestFinished(() => intake.stop());
  const file = await queue('one.mp4');
  const lease = async (worker: string): Promise<Lease> => {
    const grant = await dispatcher.lease(worker, false);
    if (!grant) throw new Error('there is no work');
    return { task: grant.task, epoch: grant.epoch };
  };
  const deliver = (of: Lease, log = '') => {
    const result = `${root}-${of.task}-${of.epoch}.mkv`;
    writeFileSync(result, 'small');
    return intake.accept(of, { file: result, decodedFrames: [], captionLines: 0, damaged: false, log });
  };
  /** Delivers a result as a worker does, as often as it is to be kept; returns what it was told each time it was looked at. */
  const deliverOn = async (of: Lease, log?: string): Promise<string[]> => {
    const told: string[] = [];
    for (;;) {
      const refused = await deliver(of, log).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (!refused) return told;
      if (!(refused instanceof Fault && refused.code === 'node')) throw refused;
      if (told.at(-1) !== refused.message) told.push(refused.message);
      // A worker waits for the next beat of its master.
      await nextTurn();
    }
  };
  const attempts = () => context.jobs.attempts(file).map(({ worker, outcome, reason }) => [worker, outcome, reason]);
  return { ...context, dispatcher, intake, file, lease, deliver, deliverOn, attempts };
}
