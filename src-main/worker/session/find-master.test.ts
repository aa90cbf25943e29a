import { createHash } from 'node:crypto';
import path from 'node:path';
import { expect, it } from 'vitest';
import { loadDevice } from '../../lan/device-identity.ts';
import { joinToken } from '../../lan/join-token.ts';
import { helloOf } from '../../test/support/hello.ts';
import { tempFolder } from '../../test/support/temp.ts';
import { findMaster } from './find-master.ts';
import { writeMaster } from './master-file.ts';

it('knows its master again although the token that it was invited with is still in the settings', async () => {
  const file = path.join(tempFolder(), 'master.json');
  const device = await loadDevice(path.join(path.dirname(file), 'device.pem'));
  const token = joinToken(device.fingerprint, Buffer.alloc(16, 1));
  const invitation = createHash('sha256').update(token).digest('hex');
  // Where it was nobody answers any more: whoever knows it looks for it.
  const address = '127.0.0.1:1';
  const master = { name: 'nas', origin: `https://${address}`, certificate: device.certificate, invitation };
  await writeMaster(file, master);
  const ending = new AbortController();
  const wish = {
    ...{ file, address, token, device, signal: ending.signal },
    hello: async () => helloOf(device.id),
    onCode: () => undefined,
    onWaiting: (sentence: string) => ending.abort(new Error(sentence)),
  };
  expect(await findMaster(wish)).toEqual(master);
  const other = joinToken(device.fingerprint, Buffer.alloc(16, 2));
  await expect(findMaster({ ...wish, token: other })).rejects.toThrow(/^No Flotilla master found at/);
});
