/** Messages that were found to be trouble, and some that nobody has seen before: the contract's calls with inputs of any kind. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { loadDevice } from '../../lan/device-identity.ts';
import { fetchCertificate } from '../../lan/peer-certificate.ts';
import { join, lead } from '../support/server.ts';
import { makeHome, tempFolder } from '../support/temp.ts';
import { asComputer, asUser, type Fuzzer, send } from './callers.ts';
import { type Message, sampleMessages } from './inputs.ts';

/** Each was once answered wrongly. */
const corpus = JSON.parse(readFileSync(path.join(import.meta.dirname, 'corpus.json'), 'utf8')) as Message[];

it('no message gets an answer beyond the rights of its sender, or one that the contract does not know', async () => {
  const nas = await lead(makeHome().data);
  const origin = `https://${nas.lan}`;
  const data = path.join(tempFolder(), 'data');
  const worker = await join(nas, { data, name: 'fuzzer' });
  worker.kill('SIGTERM');
  await worker.end();
  const certificate = await fetchCertificate(origin);
  const [known, unknown] = [data, tempFolder()].map((folder) => loadDevice(path.join(folder, 'device.pem')));
  const fuzzers: Fuzzer[] = [
    asUser(nas.url, nas.token),
    asComputer('worker', origin, await (known as NonNullable<typeof known>), certificate),
    asComputer('stranger', origin, await (unknown as NonNullable<typeof unknown>), certificate),
  ];
  onTestFinished(() => {
    for (const { socket } of fuzzers) socket.disconnect();
  });
  const problems = await Promise.all(
    [...corpus, ...sampleMessages(300, 1)].flatMap((message) =>
      fuzzers.map(async (fuzzer) => {
        const problem = await send(fuzzer, message);
        return problem ? [{ ...message, problem }] : [];
      }),
    ),
  );
  expect(problems.flat()).toEqual([]);
  expect((await fetch(`${nas.url}/api/status`)).ok).toBe(true);
  expect(nas.flotilla.errors).not.toMatch(/"level":[56]0/);
});
