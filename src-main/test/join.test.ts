/** How other computers become workers of a master and stop being it: real programs over real TLS. */
import { cpSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import path from 'node:path';
import tls from 'node:tls';
import Database from 'better-sqlite3';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { loadDevice } from '../lan/device-identity.ts';
import { fetchCertificate, pinnedAgent } from '../lan/peer-certificate.ts';
import { type Master, MasterLink } from '../worker/session/master-link.ts';
import { type Flotilla, run, start } from './support/cli.ts';
import { filesIn } from './support/files.ts';
import { helloOf } from './support/hello.ts';
import { join, type LeadingServer, lead, serve } from './support/server.ts';
import { makeHome, tempFolder } from './support/temp.ts';
import { until } from './support/wait.ts';

let home: ReturnType<typeof makeHome>;
let nas: LeadingServer;
beforeAll(async () => {
  home = makeHome();
  nas = await lead(home.data);
});

/** A data folder for a worker of its own. */
const newData = () => path.join(tempFolder(), 'data');
/** `flotilla worker` under a name, with a data folder of its own unless one is given. */
const work = (name: string, more: string[], data = newData()): Flotilla =>
  start(['worker', '--data', data, '--name', name, ...more]);

const viewOf = async (server: LeadingServer, name: string) =>
  (await server.call('worker.list')).find((view) => view.name === name);
const isThere = (server: LeadingServer, name: string) =>
  until(async () => expect((await viewOf(server, name))?.connected).toBe(true));

describe('pairing by six digits', () => {
  it('pairing shows the same digits on both sides, and approval adds the worker permanently', async () => {
    const data = newData();
    const garage = work('garage', ['--master', nas.lan], data);
    const code = (await garage.says(/pair approve \d{6}/)).slice(-6);
    await garage.says(/^nas shows a pairing request/m);
    const [request, ...others] = await nas.call('pair.list');
    expect([request, others]).toMatchObject([{ code, name: 'garage', address: '127.0.0.1' }, []]);
    expect((await run(['pair', 'list', '--data', home.data])).stdout).toMatch(
      new RegExp(`^${code}  garage at 127\\.0\\.0\\.1 \\(Flotilla [\\d.]+\\), expires in (4 min|5 min 0 s)`),
    );
    const approved = await run(['pair', 'approve', code.slice(0, 3), code.slice(3), '--data', home.data]);
    expect(approved).toMatchObject({ code: 0, stdout: 'garage is a worker now.' });
    await isThere(nas, 'garage');
    expect(await viewOf(nas, 'garage')).toMatchObject({ local: false, state: 'idle', hello: { name: 'garage' } });
    for (const file of ['device.pem', 'master.json']) expect(statSync(path.join(data, file)).mode & 0o777).toBe(0o600);
    garage.kill('SIGTERM');
    expect((await garage.end()).code).toBe(0);
    await until(async () => expect((await viewOf(nas, 'garage'))?.state).toBe('offline'));

    // Neither an address nor an approval is needed any more.
    const again = work('garage', [], data);
    await isThere(nas, 'garage');
    expect(await nas.call('pair.list')).toEqual([]);
    again.kill('SIGTERM');
    await again.end();
  });

  it('pairing ends on the worker when the master rejects it', async () => {
    const shed = work('shed', ['--master', nas.lan]);
    const code = (await shed.says(/pair approve \d{6}/)).slice(-6);
    expect((await run(['pair', 'refuse', code, '--data', home.data])).code).toBe(0);
    expect(await shed.end()).toMatchObject({ code: 1, stderr: 'nas rejected this computer as a worker.' });
    expect(await viewOf(nas, 'shed')).toBeUndefined();
  });

  it('pairing ends when the worker disconnects', async () => {
    const shed = work('shed', ['--master', nas.lan]);
    await shed.says(/pair approve \d{6}/);
    expect(await nas.call('pair.list')).toHaveLength(1);
    shed.kill('SIGTERM');
    expect((await shed.end()).code).toBe(0);
    await until(async () => expect(await nas.call('pair.list')).toEqual([]));
  });

  it('approving unknown digits is refused with a sentence', async () => {
    expect(await run(['pair', 'approve', '000000', '--data', home.data])).toMatchObject({
      code: 1,
      stderr: 'No pairing request has the code 000000; check the digits.',
    });
    const { code, stderr } = await run(['pair', 'approve', '12345', '--data', home.data]);
    expect([code, stderr]).toMatchObject([2, expect.stringMatching(/^Invalid request for pair\.approve: code/)]);
  });
});

describe('an invitation', () => {
  const invite = async (...more: string[]) => (await run(['invite', '--data', home.data, ...more])).stdout;

  it('an invitation admits one computer, and no second one', async () => {
    const { stdout: token, stderr } = await run(['invite', '--data', home.data]);
    expect(token).toMatch(/^[\w-]{64}$/);
    expect(stderr).toMatch(new RegExp(`flotilla worker --master \\S+:${nas.lan.split(':')[1]} --token ${token}`));
    const attic = work('attic', ['--master', `https://${nas.lan}`, '--token', token]);
    await isThere(nas, 'attic');
    expect(await work('thief', ['--master', nas.lan, '--token', token]).end()).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^This join token has expired or was already used/),
    });
    expect(await viewOf(nas, 'thief')).toBeUndefined();
    attic.kill('SIGTERM');
    await attic.end();
  });

  it('a worker with a shared secret is refused by a master without it', async () => {
    const env = { JOIN_SECRET: '8f14e45fceea167a5a36dedd4bea2543' };
    const args = ['worker', '--data', newData(), '--name', 'barn', '--master', nas.lan];
    expect(await start(args, { env }).end()).toMatchObject({
      code: 1,
      stderr: "JOIN_SECRET doesn't match the one of this master.",
    });
    expect(await viewOf(nas, 'barn')).toBeUndefined();
  });

  it('an invitation expires', async () => {
    const token = await invite('--minutes', '1');
    const db = new Database(path.join(home.data, 'flotilla.db'), { timeout: 5000 });
    db.exec(`UPDATE invites SET expires = ${Date.now() - 1}`);
    db.close();
    const { code, stderr } = await work('late', ['--master', nas.lan, '--token', token]).end();
    expect([code, stderr]).toMatchObject([
      1,
      expect.stringMatching(/^This join token has expired or was already used/),
    ]);
  });

  it("an invitation of one master isn't valid for another one", async () => {
    const other = await lead(makeHome().data);
    const token = await invite();
    const { code, stderr } = await work('lost', ['--master', other.lan, '--token', token]).end();
    expect([code, stderr]).toMatchObject([1, expect.stringMatching(/didn't create this join token/)]);
    expect(await other.call('pair.list')).toEqual([]);
    expect((await other.call('worker.list')).map(({ name }) => name)).toEqual(['nas']);
  });

  it.for([
    [['--token', 'abc', '--master', '127.0.0.1:1'], /^This isn't a join token/],
    [['--master', 'ftp://nas'], /^"ftp:\/\/nas" isn't the address of a master/],
    [['--master', 'nas/../x'], /isn't the address of a master/],
    [[], /^No master configured\./],
  ] as const)('%j is refused with a sentence, and nothing is kept', async ([more, sentence]) => {
    const data = newData();
    const { code, stderr } = await work('pc', [...more], data).end();
    expect([code, stderr]).toMatchObject([2, expect.stringMatching(sentence)]);
    expect(existsSync(path.join(data, 'master.json'))).toBe(false);
  });
});

describe('a master', () => {
  it('a master is found by the address of its page too', async () => {
    const { token } = await nas.call('invite.create');
    const porch = work('porch', ['--master', nas.url, '--token', token]);
    await isThere(nas, 'porch');
    porch.kill('SIGTERM');
    await porch.end();
  });

  it("a worker waits for a master that doesn't run yet", async () => {
    const early = work('early', ['--master', '127.0.0.1:1']);
    await until(() =>
      expect(early.errors).toMatch(/No Flotilla master found at https:\/\/127\.0\.0\.1:1 .*Trying again/),
    );
    early.kill('SIGTERM');
    expect((await early.end()).code).toBe(0);
  });

  it('a master reveals only its greeting without authentication', async () => {
    const response = await fetch(`${nas.url}/api/hello`);
    expect(await response.json()).toEqual({
      name: 'nas',
      device: expect.stringMatching(/^[\da-f]{32}$/),
      version: expect.any(String),
      protocol: { oldest: 1, newest: 1 },
      fingerprint: (await loadDevice(path.join(home.data, 'device.pem'))).fingerprint,
      address: expect.stringMatching(/^[\w.-]+$/),
      lanPort: Number(nas.lan.split(':')[1]),
      // It listens on itself only.
      webPort: null,
    });
  });

  it('a master starts and stops accepting workers with its stored setting', async () => {
    const { data } = makeHome();
    const { flotilla, ...server } = await serve(data, ['--lan-port', '0']);
    expect((await server.call('hello')).lanPort).toBeNull();
    await server.call('settings.set', { values: { lead: true } });
    const { lanPort } = await server.call('hello');
    const origin = `https://127.0.0.1:${lanPort}`;
    const certificate = await fetchCertificate(origin);
    const device = await loadDevice(path.join(tempFolder(), 'device.pem'));
    const link = new MasterLink({
      master: { name: 'x', origin, certificate },
      device,
      hello: async () => helloOf(device.id),
      as: 'stranger',
    });
    onTestFinished(() => link.stop());
    await until(() => expect(link.connected).toBe(true));
    await server.call('settings.set', { values: { lead: null } });
    await until(() => expect(link.connected).toBe(false));
    await expect(fetchCertificate(origin)).rejects.toThrow(/^No Flotilla master found/);
    flotilla.kill('SIGTERM');
    expect((await flotilla.end()).code).toBe(0);
  });

  it('a port for workers that is in use is reported in a sentence', async () => {
    const port = nas.lan.split(':')[1] ?? '';
    const { code, stderr } = await run([
      'serve',
      '--data',
      makeHome().data,
      '--port',
      '0',
      '--lead',
      '--lan-port',
      port,
    ]);
    expect([code, stderr]).toMatchObject([
      1,
      expect.stringMatching(
        /^Flotilla can't listen on port \d+ \(it is in use by another program\); choose another with LAN_PORT/m,
      ),
    ]);
  });
});

describe('a worker', () => {
  it("a removed worker is disconnected immediately, ends with a sentence, and isn't admitted again", async () => {
    const data = newData();
    const cellar = await join(nas, { data, name: 'cellar' });
    expect(await run(['workers', 'remove', 'cellar', '--data', home.data])).toMatchObject({
      code: 0,
      stdout: 'cellar was removed.',
    });
    const sentence = /^nas doesn't know this computer; pair it again with --forget, or ask for a join token\.$/m;
    expect(await cellar.end()).toMatchObject({ code: 1, stderr: expect.stringMatching(sentence) });
    expect(await viewOf(nas, 'cellar')).toBeUndefined();
    expect(await work('cellar', [], data).end()).toMatchObject({ code: 1, stderr: expect.stringMatching(sentence) });
    expect(await viewOf(nas, 'cellar')).toBeUndefined();
    // Pairing it anew is all that it takes.
    const back = await join(nas, { data, name: 'cellar' });
    back.kill('SIGTERM');
    await back.end();
  });

  it('a worker is listed, paused, drained, resumed, and renamed by name', async () => {
    const loft = await join(nas, { data: newData(), name: 'loft' });
    for (const [verb, mode] of [
      ['pause', 'paused'],
      ['drain', 'draining'],
      ['resume', 'active'],
    ]) {
      expect((await run(['workers', verb ?? '', 'loft', '--data', home.data])).code).toBe(0);
      expect((await viewOf(nas, 'loft'))?.mode).toBe(mode);
    }
    await nas.call('worker.set', { worker: 'loft', name: 'roof', settings: { jobs: 2 } });
    expect(await viewOf(nas, 'roof')).toMatchObject({ settings: { jobs: 2, bandwidth: null }, connected: true });
    const { stdout, stderr: said } = await run(['workers', 'list', '--data', home.data]);
    expect(said).toBe('');
    expect(stdout).toMatch(/^nas {2}Idle {2}this computer; 0 videos done, 0 failed$/m);
    expect(stdout).toMatch(/^roof {2}Idle {2}0 videos done, 0 failed$/m);
    for (const [name, sentence] of [
      ['nobody', /^There is no worker called nobody/],
      ['nas', /^nas is this computer; pause it instead\.$/],
    ] as const) {
      const { code, stderr } = await run(['workers', 'remove', name, '--data', home.data]);
      expect([code, stderr]).toMatchObject([1, expect.stringMatching(sentence)]);
    }
    loft.kill('SIGTERM');
    await loft.end();
  });

  it('a worker reports a master with another key, sends it nothing, and works for the real one when that is back', async () => {
    const { data: masterData } = makeHome();
    const first = await lead(masterData);
    const data = newData();
    const barn = await join(first, { data, name: 'barn' });
    first.flotilla.kill('SIGTERM');
    await first.flotilla.end();
    const [port, barnsData] = [first.lan.split(':')[1] ?? '', newData()];
    cpSync(data, barnsData, { recursive: true });
    const second = await lead(makeHome().data, ['--lan-port', port]);
    const sentence = /presented a different key than nas had when .* No data was sent\. .*--forget/;
    await until(() => expect(barn.errors).toMatch(sentence));
    barn.kill('SIGTERM');
    expect((await barn.end()).code).toBe(0);
    // Also after a restart, and when the address is named again.
    for (const more of [[], ['--master', second.lan]]) {
      const again = work('barn', more, data);
      await until(() => expect(again.errors).toMatch(sentence));
      again.kill('SIGTERM');
      expect((await again.end()).code).toBe(0);
    }
    expect((await second.call('worker.list')).map(({ name }) => name)).toEqual(['nas']);
    expect(await second.call('pair.list')).toEqual([]);
    const { token } = await second.call('invite.create');
    const forgot = work('barn', ['--forget', '--master', second.lan, '--token', token], data);
    await isThere(second, 'barn');
    forgot.kill('SIGTERM');
    await forgot.end();
    // One that was not forgotten waits for the true master.
    const patient = work('barn', [], barnsData);
    await until(() => expect(patient.errors).toMatch(sentence));
    second.flotilla.kill('SIGTERM');
    await second.flotilla.end();
    const back = await lead(masterData, ['--lan-port', '0']);
    await isThere(back, 'barn');
    patient.kill('SIGTERM');
    await patient.end();
  });

  it('a worker follows its master to another address by its key', async () => {
    const { data: masterData } = makeHome();
    const first = await lead(masterData);
    const data = newData();
    const hut = await join(first, { data, name: 'hut' });
    hut.kill('SIGTERM');
    await hut.end();
    first.flotilla.kill('SIGTERM');
    await first.flotilla.end();
    const second = await lead(masterData);
    const again = work('hut', ['--master', second.lan.replace('127.0.0.1', 'localhost')], data);
    await isThere(second, 'hut');
    expect(JSON.parse(readFileSync(path.join(data, 'master.json'), 'utf8'))).toMatchObject({ name: 'nas' });
    again.kill('SIGTERM');
    await again.end();
  });

  it('a worker with another protocol is refused on both screens', async () => {
    const device = await loadDevice(path.join(tempFolder(), 'device.pem'));
    const origin = `https://${nas.lan}`;
    const master: Master = { name: 'nas', origin, certificate: await fetchCertificate(origin) };
    const own = await nas.call('hello');
    const link = new MasterLink({
      master,
      device,
      hello: async () => helloOf(device.id, { name: 'pc', version: '9.0.0', protocol: { oldest: 7, newest: 9 } }),
      as: 'stranger',
    });
    onTestFinished(() => link.stop());
    await until(() => expect(link.state).toBe('refused'));
    expect(link.problem?.message).toBe(
      `nas (Flotilla ${own.version}) is too old for this Flotilla 9.0.0: update it there.`,
    );
    await until(() =>
      expect(nas.flotilla.errors).toContain(
        `This computer runs Flotilla ${own.version}, which is too old for 127.0.0.1 (Flotilla 9.0.0): update this computer.`,
      ),
    );
  });

  it("a worker with a damaged identity doesn't start, and keeps the file", async () => {
    const data = newData();
    mkdirSync(data, { recursive: true });
    writeFileSync(path.join(data, 'device.pem'), 'damaged');
    const { code, stderr } = await work('pc', ['--master', nas.lan], data).end();
    expect([code, stderr]).toMatchObject([1, expect.stringMatching(/^The identity of this computer in .* is damaged/)]);
    expect(filesIn(data)).toContain('device.pem');
  });

  it("two workers can't share a data folder", async () => {
    const data = newData();
    const yard = await join(nas, { data, name: 'yard' });
    const { code, stderr } = await work('yard', [], data).end();
    expect([code, stderr]).toMatchObject([1, expect.stringMatching(/^Another Flotilla is using the data folder/)]);
    yard.kill('SIGTERM');
    await yard.end();
  });
});

describe('a computer with libraries of its own', () => {
  it('a computer with libraries joins a master by the six digits, stays its worker across a restart, and leaves', async () => {
    const { data } = makeHome();
    let desk = await serve(data, ['--name', 'desk']);
    expect(await desk.call('master.get')).toBeNull();
    const joining = await desk.call('master.join', { address: nas.lan });
    expect(joining).toMatchObject({ state: 'joining', origin: nas.lan, code: null });
    await until(async () => expect((await desk.call('master.get'))?.code).toMatch(/^\d{6}$/));
    const pairing = await desk.call('master.get');
    expect(pairing).toMatchObject({ state: 'pairing', name: 'nas' });
    expect((await nas.call('pair.approve', { code: pairing?.code ?? '' })).name).toBe('desk');
    const online = { state: 'online', name: 'nas', origin: `https://${nas.lan}`, code: null, problem: null };
    await until(async () => expect(await desk.call('master.get')).toMatchObject(online));
    await isThere(nas, 'desk');
    await expect(desk.call('master.join', { address: nas.lan })).rejects.toThrow(
      /already works for nas; leave it first/,
    );

    desk.flotilla.kill('SIGTERM');
    expect((await desk.flotilla.end()).code).toBe(0);
    desk = await serve(data, ['--name', 'desk']);
    await isThere(nas, 'desk');
    await desk.call('master.leave');
    await until(async () => expect((await viewOf(nas, 'desk'))?.state).toBe('offline'));
    expect(await desk.call('master.get')).toBeNull();
    expect(existsSync(path.join(data, 'master.json'))).toBe(false);
  });

  it('a computer with libraries sees in a sentence why joining failed, and can retry', async () => {
    const { data } = makeHome();
    const desk = await serve(data, ['--name', 'lamp']);
    await desk.call('master.join', { address: nas.lan, token: 'x'.repeat(64) });
    await until(async () =>
      expect(await desk.call('master.get')).toMatchObject({
        state: 'stopped',
        problem: expect.stringMatching(/didn't create this join token/),
      }),
    );
    const { token } = await nas.call('invite.create');
    await desk.call('master.join', { address: nas.lan, token });
    await isThere(nas, 'lamp');
    await nas.call('worker.remove', { worker: 'lamp' });
    await until(async () =>
      expect(await desk.call('master.get')).toMatchObject({
        state: 'stopped',
        problem: expect.stringMatching(/^nas doesn't know this computer/),
      }),
    );
  });
});

describe('a stranger on the port for workers', () => {
  const connectTo = (port: number, options: tls.ConnectionOptions) =>
    new Promise<string>((resolve) => {
      const socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options });
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk;
      });
      socket.on('error', (error) => resolve(`error ${error.message}`));
      socket.on('close', () => resolve(text));
      socket.on('secureConnect', () => socket.write('GET / HTTP/1.1\r\nHost: nas\r\n\r\n'));
    });

  it('a stranger gets a single refusal, in any protocol', async () => {
    const port = Number(nas.lan.split(':')[1]);
    expect(await connectTo(port, {})).toMatch(/^HTTP\/1\.1 401 .*Only paired workers can use this endpoint\./s);
    expect(await connectTo(port, { maxVersion: 'TLSv1.2' })).toMatch(/^error /);
    await expect(fetch(`http://${nas.lan}/api/status`)).rejects.toThrow();
    expect((await nas.call('worker.list')).length).toBeGreaterThan(0);
  });

  it('a stranger gets the same refusal on every worker route', async () => {
    // Of its own: so many connections of strangers in a minute are cut.
    const nas = await lead(makeHome().data);
    const device = await loadDevice(path.join(tempFolder(), 'device.pem'));
    const certificate = await fetchCertificate(`https://${nas.lan}`);
    const agent = pinnedAgent(device, certificate);
    onTestFinished(() => agent.destroy());
    const answers = new Set<string>();
    for (const place of ['tasks/1/source?epoch=1', 'uploads/1-1', 'uploads/..%2f1', 'api/status', 'api/hello', '']) {
      for (const method of ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE', 'OPTIONS']) {
        const answer = await new Promise<string>((resolve, reject) => {
          const asked = request(`https://${nas.lan}/${place}`, { agent, method }, (response) => {
            let text = '';
            response.on('data', (chunk) => {
              text += chunk;
            });
            response.on('end', () => resolve(`${response.statusCode} ${method === 'HEAD' ? '' : text}`));
          });
          asked.on('error', reject);
          asked.end();
        });
        answers.add(answer);
      }
    }
    expect([...answers].sort()).toEqual([
      '401 ',
      '401 {"code":"denied","sentence":"Only paired workers can use this endpoint."}',
    ]);
  });
});
