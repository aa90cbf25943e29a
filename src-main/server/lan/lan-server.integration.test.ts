/** The server for other computers and the link to it, over real TLS. */
import { once } from 'node:events';
import { request } from 'node:https';
import path from 'node:path';
import { connect } from 'node:tls';
import { Router } from 'express';
import { io } from 'socket.io-client';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Actor, CONTRACT } from '../../../src-shared/contract/index.ts';
import type { Hello } from '../../../src-shared/fleet/protocol.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import { type Device, loadDevice } from '../../lan/device-identity.ts';
import { pinnedAgent } from '../../lan/peer-certificate.ts';
import { helloOf } from '../../test/support/hello.ts';
import { tempFolder } from '../../test/support/temp.ts';
import { until } from '../../test/support/wait.ts';
import { MasterLink } from '../../worker/session/master-link.ts';
import { type Lan, type LanParts, startLan } from './lan-server.ts';

let master: Device;
let worker: Device;
let stranger: Device;
beforeAll(async () => {
  const folder = tempFolder();
  const make = (name: string) => loadDevice(path.join(folder, `${name}.pem`));
  [master, worker, stranger] = [await make('master'), await make('worker'), await make('stranger')];
});

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

interface Setup {
  lan: Lan;
  known: Set<string>;
  /** What happened, in order. */
  story: string[];
  calls: { actor: Actor; name: string }[];
}

async function setUp(changes: Partial<LanParts> = {}): Promise<Setup> {
  const known = new Set([worker.fingerprint]);
  const story: string[] = [];
  const calls: Setup['calls'] = [];
  const lan = await startLan({
    device: master,
    port: 0,
    greeting: helloOf(master.id, { name: 'nas' }),
    hostNames: ['videos.example'],
    findWorker: (fingerprint) =>
      known.has(fingerprint) ? { id: fingerprint.slice(0, 32), name: 'garage' } : undefined,
    callAs: (actor) => async (name) => {
      calls.push({ actor, name });
      if (name === 'job.finish') return new Promise<never>(() => undefined);
      return null as never;
    },
    onConnect: ({ name }) => story.push(`${name} came`),
    onDisconnect: () => story.push('went'),
    onStrangerGone: () => story.push('stranger went'),
    onMismatch: (from, sentence) => story.push(`${from}: ${sentence}`),
    onClone: (sentence) => story.push(sentence),
    onDefect: (error) => story.push(String(error)),
    ...changes,
  });
  undo.push(() => lan.close());
  return { lan, known, story, calls };
}

function link(
  lan: Lan,
  device = worker,
  changes: Partial<Hello> = {},
  as: 'worker' | 'stranger' = 'worker',
): MasterLink {
  const made = new MasterLink({
    master: { name: 'nas', origin: `https://127.0.0.1:${lan.port}`, certificate: master.certificate },
    device,
    hello: async () => helloOf(device.id, changes),
    as,
  });
  undo.push(() => made.stop());
  return made;
}

interface Asked {
  device?: Device;
  headers?: Record<string, string>;
  method?: string;
  body?: string;
}

function ask(lan: Lan, place: string, { device = worker, headers = {}, method = 'GET', body = '' }: Asked = {}) {
  const agent = pinnedAgent(device, master.certificate);
  return new Promise<{ status: number; body: string }>((resolve, reject) => {
    const url = `https://127.0.0.1:${lan.port}${place}`;
    const asked = request(url, { agent, headers, method }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
    });
    asked.on('error', reject);
    asked.end(body);
  }).finally(() => agent.destroy());
}

describe('a worker', () => {
  it('calls under the identity of its certificate, and receives broadcasts and its own events', async () => {
    const { lan, calls, story } = await setUp();
    const mine = link(lan);
    const heard: unknown[] = [];
    mine.on('work', (payload) => heard.push(payload));
    mine.on('revoked', (lease) => heard.push(lease));
    await until(() => expect(mine.connected).toBe(true));
    expect(await mine.call('job.lease', {})).toBeNull();
    expect(calls).toEqual([{ actor: { kind: 'worker', worker: worker.id, name: 'garage' }, name: 'job.lease' }]);
    lan.emit('work', {});
    lan.emit('revoked', { task: 1, epoch: 2 }, worker.id);
    lan.emit('revoked', { task: 3, epoch: 4 }, stranger.id);
    lan.emit('work', {});
    await until(() => expect(heard).toEqual([{}, { task: 1, epoch: 2 }, {}]));
    expect(story).toEqual(['garage came']);
  });

  it('gets an error when it uses a host name that the master does not know', async () => {
    const { lan, story } = await setUp();
    const socket = io(`https://127.0.0.1:${lan.port}`, {
      transports: ['websocket'],
      reconnection: false,
      agent: pinnedAgent(worker, master.certificate) as never,
      extraHeaders: { host: `nas.example:${lan.port}` },
      auth: { hello: helloOf(worker.id), as: 'worker' },
    });
    undo.push(() => socket.disconnect());
    const error = await new Promise<Error>((resolve) => socket.on('connect_error', resolve));
    const sentence = 'nas is not called nas.example; add the name to HOST_NAMES there.';
    expect(error).toMatchObject({ data: { code: 'conflict', sentence } });
    expect(story).toEqual([]);
  });

  it('may make no call of users or strangers, nor one that does not exist', async () => {
    const { lan, calls } = await setUp();
    const mine = link(lan);
    await until(() => expect(mine.connected).toBe(true));
    const others = Object.entries(CONTRACT).filter(([, spec]) => ['user', 'stranger'].includes(spec.access));
    for (const [name] of [...others, ['toString'], ['__proto__'], ['']]) {
      await expect(mine.call(name as never, {} as never)).rejects.toThrow(`Unknown call ${name}.`);
    }
    expect(calls).toEqual([]);
  });

  it('is cut off at once when it is removed: socket, calls in progress, requests and transfers', async () => {
    const { lan, known, story } = await setUp();
    const router = Router();
    let answered = 0;
    router.get('/drip', (_request, response) => {
      answered += 1;
      response.write('first');
    });
    lan.mount('/files', router);
    const mine = link(lan);
    await until(() => expect(mine.connected).toBe(true));
    const call = expect(mine.call('job.finish', { task: 1, epoch: 1, outcome: { kind: 'released' } })).rejects.toThrow(
      "Can't reach the master",
    );
    const transfer = expect(ask(lan, '/files/drip')).rejects.toThrow();
    await until(() => expect(answered).toBe(1));
    known.clear();
    lan.cut(worker.fingerprint);
    await Promise.all([call, transfer]);
    await until(() => expect(story).toEqual(['garage came', 'went']));
    await until(() => expect(mine.state).toBe('stopped'));
    expect(mine.problem?.message).toMatch(/^nas doesn't know this computer/);
    expect((await ask(lan, '/files/drip')).status).toBe(401);
  });

  it('reconnects automatically, and calls fail with a sentence in the meantime', async () => {
    const { lan, story } = await setUp();
    const mine = link(lan);
    await until(() => expect(mine.connected).toBe(true));
    lan.cut(worker.fingerprint);
    await until(() => expect(mine.state).toBe('offline'));
    await expect(mine.call('job.lease', {})).rejects.toMatchObject({
      code: 'node',
      message: expect.stringMatching(/^Can't reach the master nas at https.*\.$/),
    });
    await until(() => expect(mine.connected).toBe(true));
    expect(story).toEqual(['garage came', 'went', 'garage came']);
  });

  it('that reconnects replaces its old connection', async () => {
    const { lan, story } = await setUp();
    const old = link(lan);
    await until(() => expect(old.connected).toBe(true));
    const states: string[] = [];
    old.onState((state) => {
      states.push(state);
      old.stop();
    });
    const anew = link(lan);
    await until(() => expect(states[0]).toBe('offline'));
    expect(anew.connected).toBe(true);
    expect(story).toEqual(['garage came', 'garage came']);
  });

  it('that sends more than any call can be is cut off, and others notice nothing', async () => {
    const { lan, calls } = await setUp();
    const [mine, other] = [link(lan), link(lan, stranger, {}, 'stranger')];
    await until(() => expect(mine.connected && other.connected).toBe(true));
    const log = 'x'.repeat(2_000_000);
    const sent = mine.call('job.finish', { task: 1, epoch: 1, outcome: { kind: 'failed', reason: 'x', log } });
    await expect(sent).rejects.toMatchObject({ code: 'node' });
    expect([calls, other.connected]).toEqual([[], true]);
    await until(() => expect(mine.connected).toBe(true));
  });

  it('with another protocol version gets a request to update, shown on both sides, and is accepted once it matches', async () => {
    const { lan, story } = await setUp();
    const newer = link(lan, worker, { protocol: { oldest: 7, newest: 8 }, version: '3.0.0' });
    await until(() => expect(newer.state).toBe('refused'));
    expect(newer.problem?.message).toBe('nas (Flotilla 0.1.0) is too old for this Flotilla 3.0.0: update it there.');
    expect(story).toEqual([
      `${worker.id} 3.0.0: This computer runs Flotilla 0.1.0, which is too old for garage (Flotilla 3.0.0): update this computer.`,
    ]);
    await expect(newer.call('job.lease', {})).rejects.toThrow('update it there');
  });
});

describe('two computers with one key', () => {
  it('do not replace each other forever: one works, the other gets the reason, and users are notified once', async () => {
    const { lan, story } = await setUp();
    const both = [link(lan), link(lan)];
    await until(() => expect(both.map(({ state }) => state)).toContain('refused'));
    const [refused, works] = both[0]?.state === 'refused' ? both : both.toReversed();
    await until(() => expect(works?.connected).toBe(true));
    expect(refused?.problem?.message).toMatch(
      /^nas already works with another computer that uses the key of this one\./,
    );
    expect(story.filter((told) => !told.endsWith(' came'))).toEqual([
      expect.stringMatching(/^Two computers use the key of garage, from 127\.0\.0\.1\. Was device\.pem copied\?/),
    ]);
    expect(story.filter((told) => told.endsWith(' came'))).toHaveLength(6);
  });
});

describe('a stranger', () => {
  it('of another version cannot put words into notices', async () => {
    const { lan, story } = await setUp();
    const changes = { name: 'URGENT: open', protocol: { oldest: 99, newest: 99 } };
    const liar = link(lan, stranger, { ...changes, version: '9.0.0' }, 'stranger');
    await until(() => expect(liar.state).toBe('refused'));
    expect(story).toEqual([
      '127.0.0.1: This computer runs Flotilla 0.1.0, which is too old for 127.0.0.1 (Flotilla 9.0.0): update this computer.',
    ]);
    const louder = link(lan, stranger, { ...changes, version: '9 http://evil.example/update <b>' }, 'stranger');
    await until(() => expect(louder.problem?.message).toMatch(/^This computer did not introduce itself/));
    expect(story).toHaveLength(1);
  });

  it('with many certificates is limited in its open connections', async () => {
    const { lan } = await setUp();
    const sockets = await Promise.all(
      Array.from({ length: 80 }, async () => {
        const socket = connect({ port: lan.port, host: '127.0.0.1', rejectUnauthorized: false });
        undo.push(() => socket.destroy());
        socket.on('error', () => undefined);
        await once(socket, 'secureConnect').catch(() => undefined);
        return socket;
      }),
    );
    await until(() => expect(sockets.filter(({ destroyed }) => !destroyed).length).toBeLessThanOrEqual(60));
    const mine = link(lan);
    await until(() => expect(mine.connected).toBe(true));
  });

  it('may ask to become a worker, and nothing else', async () => {
    const { lan, calls, story } = await setUp();
    const asking = link(lan, stranger, {}, 'stranger');
    await until(() => expect(asking.connected).toBe(true));
    for (const [name, { access }] of Object.entries(CONTRACT)) {
      if (access === 'public' || access === 'stranger') continue;
      await expect(asking.call(name as never, {} as never)).rejects.toThrow(`Unknown call ${name}.`);
    }
    expect(calls).toEqual([]);
    asking.stop();
    await until(() => expect(story).toEqual(['stranger went']));
    // Another connection of it is found dead after it has come anew.
    const [old, anew] = [link(lan, stranger, {}, 'stranger'), link(lan, stranger, {}, 'stranger')];
    await until(() => expect([old.connected, anew.connected]).toEqual([true, true]));
    old.stop();
    await expect(anew.call('job.lease', {})).rejects.toMatchObject({ code: 'missing' });
    anew.stop();
    await lan.close();
    expect(story).toEqual(['stranger went', 'stranger went']);
  });

  it('is permanently rejected as a worker', async () => {
    const { lan, story } = await setUp();
    const mine = link(lan, stranger);
    await until(() => expect(mine.state).toBe('stopped'));
    await expect(mine.call('job.lease', {})).rejects.toMatchObject({ code: 'denied' });
    expect(story).toEqual([]);
  });

  it("cannot come under a worker's name with a certificate of its own", async () => {
    const { lan, story } = await setUp();
    const mine = link(lan, stranger, { device: worker.id });
    await until(() => expect(mine.state).toBe('refused'));
    expect(mine.problem?.message).toMatch(/did not introduce itself as its certificate says/);
    expect(story).toEqual([]);
  });

  it('gets the same refusal on every route, with a certificate or without', async () => {
    const { lan } = await setUp();
    const router = Router();
    router.get('/secret', (_request, response) => {
      response.send('video');
    });
    lan.mount('/files', router);
    expect((await ask(lan, '/files/secret')).body).toBe('video');
    const nobody = { ...stranger, key: '', certificate: '' };
    for (const device of [stranger, nobody]) {
      for (const place of ['/', '/files/secret', '/api/status', '/api/rpc/library.list', '/nothing', '/..%2f..']) {
        for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS']) {
          const { status, body } = await ask(lan, place, { device, method });
          expect([status, JSON.parse(body)]).toEqual([
            401,
            { code: 'denied', sentence: 'Only paired workers can use this endpoint.' },
          ]);
        }
      }
    }
  });

  it('cannot open a socket without a certificate, or by polling', async () => {
    const { lan, story } = await setUp();
    for (const options of [
      { transports: ['websocket'], rejectUnauthorized: false },
      { transports: ['polling'], agent: pinnedAgent(worker, master.certificate) as never },
    ]) {
      const socket = io(`https://127.0.0.1:${lan.port}`, { ...options, reconnection: false });
      undo.push(() => socket.disconnect());
      await new Promise((resolve, reject) => {
        socket.on('connect', () => reject(new Error('it was let in')));
        socket.on('connect_error', resolve);
      });
    }
    expect(story).toEqual([]);
  });
});

describe('requests of a worker', () => {
  it.for(['evil.example', 'evil.example:8091', 'videos.example.evil.com', 'a@b'])(
    'to the host "%s" are refused',
    async (host) => {
      const { lan } = await setUp();
      expect((await ask(lan, '/', { headers: { host } })).status).toBe(401);
    },
  );

  it.for(['127.0.0.1', 'nas', 'nas.local:8091', 'videos.example', '[::1]:8091'])(
    'to the host %s are answered',
    async (host) => {
      const { lan } = await setUp();
      expect((await ask(lan, '/', { headers: { host } })).status).toBe(404);
    },
  );

  it('from a page are refused', async () => {
    const { lan } = await setUp();
    for (const origin of ['https://evil.example', 'null', `https://127.0.0.1:${lan.port}`]) {
      expect((await ask(lan, '/', { headers: { origin } })).status).toBe(401);
    }
  });
});

describe('the link', () => {
  it('sends nothing where another key answers, says so, and works for the master where that is found', async () => {
    const { lan } = await setUp();
    const { port } = lan;
    const mine = link(lan);
    await until(() => expect(mine.connected).toBe(true));
    await lan.close();
    const impostor = await setUp({ device: stranger, port });
    await until(() => expect(mine.problem).toBeInstanceOf(Fault));
    expect(mine.problem?.message).toMatch(/presented a different key than nas had when .* No data was sent\./);
    // A reason to wait, and none to give up what is under way.
    await expect(mine.call('job.lease', {})).rejects.toMatchObject({ code: 'node' });
    const through = request(`https://127.0.0.1:${port}/`, { agent: pinnedAgent(worker, master.certificate) });
    await expect(
      new Promise((resolve, reject) => through.on('response', resolve).on('error', reject).end()),
    ).rejects.toThrow();
    expect(impostor.story).toEqual([]);
    const moved = await setUp();
    mine.reconnectTo(`https://127.0.0.1:${moved.lan.port}`);
    await until(() => expect(mine.connected).toBe(true));
    expect(mine.problem).toBeUndefined();
    expect(mine.master.places).toEqual([`https://127.0.0.1:${port}`]);
  });

  it('that finds no master keeps trying', async () => {
    const { lan, known } = await setUp();
    const { port } = lan;
    await lan.close();
    const mine = link(lan);
    await expect(mine.call('job.lease', {})).rejects.toMatchObject({ code: 'node' });
    const again = await setUp({ port });
    expect(known.size).toBe(1);
    await until(() => expect(mine.connected).toBe(true));
    expect(again.story).toEqual(['garage came']);
  });
});

it('two servers cannot have one port, and the second says so', async () => {
  const { lan } = await setUp();
  await expect(setUp({ port: lan.port })).rejects.toThrow(
    /^Flotilla can't listen on port \d+ \(it is in use by another program\); choose another with LAN_PORT\.$/,
  );
});
