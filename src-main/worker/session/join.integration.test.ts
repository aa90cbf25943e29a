/** How a computer joins, when whoever answers means ill: the program's own `join`, over real TLS. */
import path from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Caller } from '../../../src-shared/contract/index.ts';
import { PROTOCOL } from '../../../src-shared/fleet/protocol.ts';
import { type Device, loadDevice } from '../../lan/device-identity.ts';
import { makeNonce, pairingCode } from '../../lan/pairing-code.ts';
import { type KnownWorker, startLan } from '../../server/lan/lan-server.ts';
import { helloOf } from '../../test/support/hello.ts';
import { tempFolder } from '../../test/support/temp.ts';
import { findMaster } from './find-master.ts';
import { type JoinParts, join } from './join.ts';
import { JoinRequests, MAX_ASKS } from './join-requests.ts';
import { hasMaster } from './master-file.ts';

let [worker, between]: Device[] = [];
beforeAll(async () => {
  [worker, between] = await Promise.all([0, 1].map(() => loadDevice(path.join(tempFolder(), 'device.pem'))));
});
const own = () => worker as Device;

/** What somebody in between answers to each call; `digits` are those that the worker shows. */
interface Answers {
  wait: (digits: string) => Promise<'approved' | 'expired' | 'refused'>;
  known?: KnownWorker;
}

/** Somebody in between the worker and its master, who speaks the protocol by heart. */
async function standBetween({ wait, known }: Answers) {
  const { key: _, ...shown } = between as Device;
  const calls: string[] = [];
  let [nonce, digits] = ['', ''];
  const answer = async (name: string, input: { nonce?: string }) => {
    calls.push(name);
    if (name === 'hello')
      return {
        name: 'nas',
        device: shown.id,
        version: '0.1.0',
        protocol: PROTOCOL,
        fingerprint: shown.fingerprint,
        lanPort: 1,
      };
    if (name === 'pair.ask') {
      nonce = makeNonce();
      return { request: 'one', nonce };
    }
    if (name === 'pair.reveal') {
      const workerNonce = input.nonce ?? '';
      const of = { master: shown.fingerprint, worker: own().fingerprint, masterNonce: nonce, workerNonce };
      digits = pairingCode(of);
      return { expiresIn: 0 };
    }
    return { outcome: await wait(digits) };
  };
  const lan = await startLan({
    device: between as Device,
    port: 0,
    greeting: { name: 'nas', device: shown.id, version: '0.1.0', protocol: PROTOCOL },
    hostNames: [],
    findWorker: () => known,
    callAs: () => answer as unknown as Caller,
    onConnect: () => undefined,
    onDisconnect: () => undefined,
    onStrangerGone: () => undefined,
    onMismatch: () => undefined,
    onClone: () => undefined,
    onDefect: () => undefined,
  });
  onTestFinished(() => lan.close());
  const data = tempFolder();
  const shownDigits: string[] = [];
  const parts: JoinParts = {
    address: `127.0.0.1:${lan.port}`,
    token: undefined,
    device: own(),
    hello: async () => helloOf(own().id),
    onCode: (code) => shownDigits.push(code),
    asks: new JoinRequests(path.join(data, 'asked')),
    signal: new AbortController().signal,
  };
  return { data, parts, calls, shownDigits };
}

describe('somebody in between', () => {
  it('who calls digits void that do not suit him gets one try, and the user a warning', async () => {
    const { parts, calls, shownDigits } = await standBetween({ wait: async () => 'expired' });
    await expect(join(parts)).rejects.toMatchObject({
      code: 'denied',
      message: expect.stringMatching(/^nas ended the request early\..*don't approve any/),
    });
    expect(shownDigits).toHaveLength(1);
    expect(calls).toEqual(['hello', 'pair.ask', 'pair.reveal', 'pair.wait']);
  });

  it('gets only a handful of codes over all restarts, even by expiring codes and cutting connections', async () => {
    const { data, parts, shownDigits } = await standBetween({ wait: async () => 'expired' });
    const ends: string[] = [];
    // What a service manager does.
    for (let n = 0; n < 12; n += 1) {
      await join({ ...parts, asks: new JoinRequests(path.join(data, 'asked')) }).catch(({ code }) => ends.push(code));
    }
    expect(shownDigits).toHaveLength(MAX_ASKS);
    expect(ends).toEqual([...Array(MAX_ASKS).fill('denied'), ...Array(12 - MAX_ASKS).fill('limited')]);
    expect(new Set(shownDigits).size).toBeGreaterThan(1);
  });

  it('who holds the worker off learns one pair of digits a term of its own clock, and a handful in all', async () => {
    const held: string[] = [];
    const { parts } = await standBetween({
      wait: (digits) => {
        held.push(digits);
        return new Promise(() => undefined);
      },
    });
    const started = performance.now();
    await expect(join({ ...parts, termMs: 60 })).rejects.toThrow(/^No one approved this computer on nas/);
    expect(held).toHaveLength(MAX_ASKS);
    expect(performance.now() - started).toBeGreaterThan(MAX_ASKS * 60 - 10);
  });

  it('is not believed that he knows this computer already', async () => {
    const known = { id: own().id, name: 'pc' };
    const { data, parts, calls } = await standBetween({ wait: async () => 'refused', known });
    const file = path.join(data, 'master.json');
    await expect(findMaster({ ...parts, file, onWaiting: () => undefined })).rejects.toThrow(
      /^nas rejected this computer/,
    );
    expect(calls).toContain('pair.ask');
    expect(hasMaster(file)).toBe(false);
  });
});

describe('digits that were shown', () => {
  it('are forgotten when the computer has joined, when they expire, and when the clock was wrong', async () => {
    const file = path.join(tempFolder(), 'asked');
    const asks = () => new JoinRequests(file);
    for (let n = 0; n < MAX_ASKS; n += 1) await asks().count(60_000);
    await expect(asks().count(60_000)).rejects.toThrow(/^This computer has asked to pair 5 times .* in [45] min/);
    await asks().count(0.001);
    await asks().clear();
    await asks().count(60_000);
  });
});
