import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Hello, PROTOCOL } from '../../../src-shared/fleet/protocol.ts';
import { Capabilities } from '../../../src-shared/fleet/worker-info.ts';
import { openDatabase } from '../../db/open.ts';
import { WorkerTable } from '../../db/tables/workers.ts';
import { type Device, loadDevice } from '../../lan/device-identity.ts';
import { LEASE_TERMS } from '../../master/queue/leases.ts';
import { MasterLink } from '../../worker/session/master-link.ts';
import { startMaster } from './master.ts';
import { type Bench, cpuSeconds, measured } from './measure.ts';

const WORKERS = 500;
/** Heartbeats of each worker while the master is measured. */
const BEATS = 3;
/** Percent of one core. */
const GOAL = 5;

/** What 500 workers that have nothing to do cost their master. */
export const idle: Bench = async (folder) => {
  if (process.platform !== 'linux') return { skipped: 'needs Linux, whose /proc tells the time that the master took' };
  const data = path.join(folder, 'master');
  const devices = await knownDevices(folder, data);
  const { pid, port, stop } = await startMaster(data);
  const { certificate } = await loadDevice(path.join(data, 'device.pem'));
  const master = { name: 'master', origin: `https://127.0.0.1:${port}`, certificate };
  const links = devices.map(
    (device) => new MasterLink({ master, device, hello: async () => helloOf(device), as: 'worker' }),
  );
  const beats: NodeJS.Timeout[] = [];
  try {
    while (links.some((link) => !link.connected)) await wait(100);
    for (const link of links) {
      await link.call('job.attach', { held: [] });
      await link.call('job.lease', {});
      beats.push(setInterval(() => link.call('job.beat', { held: [] }).catch(() => undefined), LEASE_TERMS.beat));
      await wait(LEASE_TERMS.beat / WORKERS);
    }
    const [before, started] = [cpuSeconds(pid), performance.now()];
    await wait(BEATS * LEASE_TERMS.beat);
    const share = (cpuSeconds(pid) - before) / ((performance.now() - started) / 1000);
    return { workers: measured(WORKERS, 'workers'), core: measured(100 * share, '% of one core', GOAL) };
  } finally {
    for (const beat of beats) clearInterval(beat);
    for (const link of links) link.stop();
    await stop();
  }
};

/** Computers that the master of a data folder knows as its workers. */
async function knownDevices(folder: string, data: string): Promise<Device[]> {
  const { db } = openDatabase(path.join(data, 'flotilla.db'), path.join(data, 'backups'));
  const table = new WorkerTable(db, '');
  const devices: Device[] = [];
  for (let n = 0; n < WORKERS; n += 1) {
    const device = await loadDevice(path.join(folder, `${n}.pem`));
    table.add({ ...device, name: `worker ${n}` });
    devices.push(device);
  }
  db.close();
  return devices;
}

function helloOf({ id }: Device): Hello {
  const ffmpeg = Capabilities.parse({ version: '5.1' });
  const computer = { cores: 2, memory: 1e9, tempFree: 1e9, ffmpeg, senses: [] };
  return { name: 'worker', device: id, version: '0.0.0', protocol: PROTOCOL, computer };
}
