import type { CallName, Handlers } from '../../src-shared/contract.ts';
import { Fault } from '../../src-shared/errors.ts';
import type { MasterContext } from '../master/context.ts';
import { type Dispatcher, workerOf } from '../master/dispatcher.ts';
import type { Sentinels } from '../master/sentinels.ts';
import type { Uploads } from '../master/uploads.ts';

/** What the calls about files act on. */
export interface TransferHandlerParts {
  ctx: MasterContext;
  dispatcher: Dispatcher;
  uploads: Uploads;
  sentinels: Sentinels;
}

type TransferCall = Extract<CallName, 'job.deliver' | 'library.sentinel' | 'library.storage'>;

/** The functions behind the calls of workers about files. */
export function makeTransferHandlers(parts: TransferHandlerParts): Pick<Handlers, TransferCall> {
  const { ctx, dispatcher, uploads, sentinels } = parts;
  return {
    'job.deliver': async ({ task, epoch, ...result }, actor) => {
      await uploads.deliver({ task, epoch }, workerOf(actor), result);
      return {};
    },
    'library.sentinel': ({ library }, actor) => {
      workerOf(actor);
      return sentinels.in(library);
    },
    'library.storage': ({ library, path }, actor) => {
      const worker = workerOf(actor);
      if (!ctx.libraries.get(library)) throw new Fault('missing', `There is no library ${library}.`);
      ctx.storage.set(worker, library, path);
      dispatcher.fleet.show(worker);
      return {};
    },
  };
}
