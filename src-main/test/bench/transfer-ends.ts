/** The two ends of a transfer, each a process of its own: `master` and `worker`, told by messages what to do. */
import { rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { loadDevice } from '../../device.ts';
import { sha256 } from '../../hash.ts';
import { idOf, Uploads } from '../../master/uploads.ts';
import { startLan } from '../../server/lan.ts';
import { Traffic } from '../../server/traffic.ts';
import { makeTransferRouter } from '../../server/transfer.ts';
import { Space } from '../../space.ts';
import { Bandwidth } from '../../worker/bandwidth.ts';
import { fetchFile } from '../../worker/fetch.ts';
import { pinnedAgent } from '../../worker/peer.ts';
import { uploadFile } from '../../worker/upload.ts';

const [, , role, folder = ''] = process.argv;
const at = (name: string) => path.join(folder, name);
const FILM = 'film';
const ETAG = '1:1';
const size = statSync(at(FILM)).size;

/** Serves the film and takes results, for whoever comes: leases are not what is measured. */
async function master(): Promise<number> {
  const uploads = new Uploads({ jobs: { get: () => ({ size }) } } as never, {
    folder: at('uploads'),
    dispatcher: { claim: () => ({ job: 1 }) } as never,
    intake: {} as never,
    space: new Space(),
  });
  const originals = { find: async () => ({ root: folder, path: FILM, size, version: ETAG }) };
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
  lan.mount('/', makeTransferRouter({ originals: originals as never, uploads, traffic: new Traffic() }));
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
    await uploadFile({ ...common, url: `${origin}/uploads/1-${epoch}`, file: at(FILM) });
  } else {
    const file = at('fetched');
    await fetchFile({ ...common, url: `${origin}/tasks/1/source?epoch=1`, etag: `"${ETAG}"`, size, file });
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
