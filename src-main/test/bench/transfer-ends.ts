/** The two ends of a transfer, each a process of its own: `master` and `worker`, told by messages what to do. */
import { rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { DiskSpace } from '../../fs/disk-space.ts';
import { sha256 } from '../../fs/sha256.ts';
import { loadDevice } from '../../lan/device-identity.ts';
import { pinnedAgent } from '../../lan/peer-certificate.ts';
import { idOf, Uploads } from '../../master/transfer/uploads.ts';
import { startLan } from '../../server/lan/lan-server.ts';
import { makeTransferRouter } from '../../server/lan/transfer-routes.ts';
import { TransferMetrics } from '../../server/metrics/transfer-metrics.ts';
import { Bandwidth } from '../../worker/transfer/bandwidth.ts';
import { downloadFile } from '../../worker/transfer/download.ts';
import { uploadFile } from '../../worker/transfer/upload.ts';

const [, , role, folder = ''] = process.argv;
const at = (name: string) => path.join(folder, name);
const VIDEO = 'video';
const ETAG = '1:1';
const size = statSync(at(VIDEO)).size;

/** Serves the video and takes results, for whoever comes: leases are not what is measured. */
async function master(): Promise<number> {
  const uploads = new Uploads({ jobs: { get: () => ({ size }) } } as never, {
    folder: at('uploads'),
    dispatcher: { claim: () => ({ job: 1 }) } as never,
    intake: {} as never,
    space: new DiskSpace(),
  });
  const originals = { find: async () => ({ root: folder, path: VIDEO, size, version: ETAG }) };
  const lan = await startLan({
    device: await loadDevice(at('master.pem')),
    port: 0,
    greeting: {} as never,
    hostNames: [],
    findWorker: () => ({ id: 'worker', name: 'worker' }),
    callAs: () => () => Promise.reject(new Error('no calls here')),
    onConnect: () => undefined,
    onDisconnect: () => undefined,
    onStrangerGone: () => undefined,
    onMismatch: () => undefined,
    onClone: () => undefined,
    onDefect: (error) => console.error(error),
  });
  const parts = { originals: originals as never, uploads, chunks: {} as never, traffic: new TransferMetrics() };
  lan.mount('/', makeTransferRouter(parts));
  return lan.port;
}

interface Order {
  what: 'fetch' | 'upload' | 'check';
  port: number;
  /** Number of the upload. */
  epoch: number;
}

async function obey({ what, port, epoch }: Order): Promise<void> {
  if (what === 'check') {
    await sha256(at(`uploads/${idOf({ task: 1, epoch })}`));
    return;
  }
  const [own, other] = [await loadDevice(at('worker.pem')), await loadDevice(at('master.pem'))];
  const agent = pinnedAgent(own, other.certificate);
  const common = {
    agent,
    bandwidth: new Bandwidth(),
    signal: new AbortController().signal,
    onProgress: () => undefined,
  };
  const origin = `https://127.0.0.1:${port}`;
  if (what === 'upload') {
    await uploadFile({ ...common, url: `${origin}/uploads/1-${epoch}`, file: at(VIDEO) });
  } else {
    const file = at('fetched');
    await downloadFile({ ...common, url: `${origin}/tasks/1/source?epoch=1`, etag: `"${ETAG}"`, size, file });
  }
  agent.destroy();
}

process.on('message', async (order: Order) => {
  const started = performance.now();
  await obey(order);
  const seconds = (performance.now() - started) / 1000;
  process.send?.({ seconds, rss: process.memoryUsage().rss });
  rmSync(at('fetched'), { force: true });
});
process.send?.({ port: role === 'master' ? await master() : 0 });
