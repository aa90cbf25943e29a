import path from 'node:path';
import { messageOf } from '../src-shared/errors.ts';
import { yieldingSentence } from '../src-shared/yielding-words.ts';
import { LoadMeter } from './computer.ts';
import { shortTerms } from './fault.ts';
import { Timelines } from './media/timeline.ts';
import type { MembershipParts } from './membership.ts';
import { Converter } from './worker/converter.ts';
import type { Link } from './worker/link.ts';
import { RemoteTransfer } from './worker/remote-transfer.ts';
import { parseMappings, Storage } from './worker/storage.ts';
import { Worker } from './worker/worker.ts';
import { Workspace } from './worker/workspace.ts';

/**
 * The worker for a master on another computer: it reads shared storage or fetches films, and keeps results until they are taken.
 * @param parts `temp` is the folder for unfinished results unless the master names another; `tell`: it has changed
 */
export async function makeRemoteWorker(
  link: Link,
  { temp, tell, ...parts }: MembershipParts & { temp: string; tell: () => void },
): Promise<Worker> {
  const { device, settings, paths, processes, tools, caps, space, signals, log } = parts;
  const storage = new Storage({
    call: link.call,
    file: paths.storage,
    mappings: parseMappings(settings.pathMappings),
    remoteOnly: settings.fileDistribution,
  });
  const terms = shortTerms();
  const warn = (text: string) => log.warn(text);
  const workspace = await Workspace.reopen({ folder: temp, space, memory: paths.temps, warn });
  const meter = new LoadMeter();
  const worker = new Worker({
    load: () => meter.read(workspace.folder),
    call: link.call,
    transfer: new RemoteTransfer(link, storage),
    converter: new Converter({
      ...{ processes, tools, caps, timelines: new Timelines(processes, tools), log },
      ...(terms?.stallMs && { stallMs: terms.stallMs }),
    }),
    workspace,
    keeps: true,
    log: log.child({ worker: device.id }),
    jobs: 1,
    signals,
    pace: terms?.pace,
    onYield: (yielding) => {
      if (yielding) log.info(yieldingSentence(yielding, { here: true, busy: worker.work.length > 0 }));
      tell();
    },
    onProgress: tell,
    onOrders: ({ settings: { tempDir } }) => {
      const folder = tempDir === null ? temp : path.resolve(tempDir, path.basename(temp));
      workspace.moveTo(folder).catch((error) => log.warn(messageOf(error)));
      tell();
    },
    // That it is cut off is told once, by the link.
    onFault: (error) => link.connected && log.warn(messageOf(error)),
    ...(terms && { beatMs: terms.beat }),
  });
  return worker;
}
