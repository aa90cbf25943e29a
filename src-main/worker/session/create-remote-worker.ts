import path from 'node:path';
import { yieldingReason } from '../../../src-shared/text/availability-text.ts';
import { messageOf } from '../../../src-shared/util/errors.ts';
import { Timelines } from '../../media/ffmpeg/timeline.ts';
import { LoadMeter } from '../../platform/computer.ts';
import { shortChunks, shortTerms } from '../../platform/test-overrides.ts';
import { ChunkConverter } from '../encode/chunk-converter.ts';
import { Converter } from '../encode/converter.ts';
import { Workspace } from '../task/workspace.ts';
import { RemoteTransfer } from '../transfer/remote-transfer.ts';
import { parseMappings, SharedStorage } from '../transfer/shared-storage.ts';
import { Worker } from '../worker.ts';
import type { MasterLink } from './master-link.ts';
import type { MembershipParts } from './types.ts';

/**
 * Creates the worker for a remote master. It reads shared storage or downloads videos, and keeps results until they are delivered.
 * @param parts - `temp`: folder for unfinished results unless the master names another; `onChange`: called after every change
 */
export async function createRemoteWorker(
  link: MasterLink,
  { temp, onChange, ...parts }: MembershipParts & { temp: string; onChange: () => void },
): Promise<Worker> {
  const { device, settings, paths, processes, tools, caps, space, signals, log } = parts;
  const storage = new SharedStorage({
    call: link.call,
    file: paths.storage,
    mappings: parseMappings(settings.pathMappings),
    remoteOnly: settings.fileDistribution,
  });
  const terms = shortTerms();
  const warn = (text: string) => log.warn(text);
  const workspace = new Workspace({ folder: temp, space, memory: paths.temps, warn });
  await workspace.recover();
  const meter = new LoadMeter();
  const transfer = new RemoteTransfer(link, storage);
  const encoding = { processes, tools, caps, timelines: new Timelines(processes, tools), stallMs: terms?.stallMs };
  const worker = new Worker({
    load: () => meter.read(workspace.folder),
    call: link.call,
    transfer,
    converter: new Converter({ ...encoding, log, chunkSeconds: shortChunks() }),
    chunks: { transfer, converter: new ChunkConverter(encoding) },
    workspace,
    keeps: true,
    log: log.child({ worker: device.id }),
    jobs: 1,
    signals,
    pace: terms?.pace,
    onYield: (yielding) => {
      if (yielding) log.info(yieldingReason(yielding, { here: true, busy: worker.work.length > 0 }));
      onChange();
    },
    onProgress: onChange,
    onOrders: ({ settings: { tempDir } }) => {
      const folder = tempDir === null ? temp : path.resolve(tempDir, path.basename(temp));
      workspace.moveTo(folder).catch((error) => log.warn(messageOf(error)));
      onChange();
    },
    // The link reports a lost connection, once.
    onFault: (error) => link.connected && log.warn(messageOf(error)),
    ...(terms && { beatMs: terms.beat }),
  });
  return worker;
}
