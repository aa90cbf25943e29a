import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { startNode } from '../../app/start-node.ts';
import type { RunningNode } from '../../app/types.ts';
import { loadDevice } from '../../lan/device-identity.ts';
import { makeLog } from '../../log/logger.ts';
import { dataPaths } from '../../platform/data-paths.ts';
import { tempFolder } from '../../test/support/temp.ts';

it('a member shows its master before it works for it, and can then switch to another one without ending', async () => {
  const dataDir = tempFolder();
  const { certificate } = await loadDevice(path.join(tempFolder(), 'device.pem'));
  const [before, other] = ['https://127.0.0.1:1', 'https://127.0.0.1:2'];
  writeFileSync(dataPaths(dataDir).master, JSON.stringify({ name: 'attic', origin: before, certificate }));
  const onServing = async (node: RunningNode) => {
    expect(await node.call('master.get', {})).toMatchObject({ name: 'attic', origin: before, state: 'connecting' });
    await node.call('master.join', { address: other });
  };
  const log = await makeLog('silent');
  const node = await startNode({ dataDir, serve: true, flags: { webPort: 0 }, log, onServing });
  onTestFinished(() => node.stop());
  expect(await node.call('master.get', {})).toMatchObject({ origin: other });
});
