/** Masters and who looks for them on separate hosts: network namespaces with a cable between them. */
import os from 'node:os';
import path from 'node:path';
import { createServer } from 'node:tls';
import { execaSync } from 'execa';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { SeenMaster } from '../../src-shared/contract/fleet-view.ts';
import { loadDevice } from '../lan/device-identity.ts';
import { announce, browse } from '../lan/discovery.ts';
import { run, start } from './support/cli.ts';
import { join, type LeadingServer, lead } from './support/server.ts';
import { makeHome, tempFolder } from './support/temp.ts';
import { until } from './support/wait.ts';

const NAME = `flotilla-${process.pid}`;
/** Interface names have 15 letters at the most. */
const CABLE = `fl${process.pid}`.slice(-12);
const NETWORK = `10.${200 + (process.pid % 50)}.${process.pid % 250}`;
const inside = ['ip', 'netns', 'exec', NAME];

const ip = (...args: string[]) => execaSync('ip', args, { reject: false });
const CAN_SEPARATE =
  process.platform === 'linux' && ip('netns', 'add', NAME).exitCode === 0 && ip('netns', 'del', NAME).exitCode === 0;

/** Looks for masters from here; what is seen now. */
function look(): { seen: () => SeenMaster[] } {
  let seen: SeenMaster[] = [];
  const stop = browse(
    (masters) => {
      seen = masters;
    },
    () => undefined,
  );
  onTestFinished(stop);
  return { seen: () => seen };
}

describe.skipIf(!CAN_SEPARATE)('between two hosts (needs root on Linux, for network namespaces)', () => {
  beforeAll(() => {
    for (const args of [
      ['netns', 'add', NAME],
      ['link', 'add', `${CABLE}a`, 'type', 'veth', 'peer', 'name', `${CABLE}b`],
      ['link', 'set', `${CABLE}b`, 'netns', NAME],
      ['addr', 'add', `${NETWORK}.1/24`, 'dev', `${CABLE}a`],
      ['link', 'set', `${CABLE}a`, 'up'],
      ['-n', NAME, 'addr', 'add', `${NETWORK}.2/24`, 'dev', `${CABLE}b`],
      ['-n', NAME, 'link', 'set', `${CABLE}b`, 'up'],
      ['-n', NAME, 'link', 'set', 'lo', 'up'],
    ]) {
      execaSync('ip', args);
    }
    // A network is one only once the kernel has seen the carrier, which takes it up to a second.
    return until(() => {
      expect(os.networkInterfaces()[`${CABLE}a`]).toBeDefined();
      expect(execaSync('ip', ['-n', NAME, '-br', 'link', 'show', `${CABLE}b`]).stdout).toMatch(/\sUP\s/);
    });
  });
  afterAll(() => {
    ip('netns', 'del', NAME);
  });

  it('a master is discovered within three seconds, at a reachable address, and disappears when it ends', async () => {
    const { seen } = look();
    const { flotilla: other, lan } = await lead(makeHome().data, ['--name', 'attic'], { prefix: inside });
    const port = lan.split(':')[1];
    const mine = () => seen().filter(({ name }) => name === 'attic');
    await until(
      () => expect(mine()).toMatchObject([{ origin: `https://${NETWORK}.2:${port}`, version: '0.1.0' }]),
      3000,
    );
    const late = look();
    await until(() => expect(late.seen().some(({ name }) => name === 'attic')).toBe(true), 3000);
    other.kill('SIGTERM');
    expect((await other.end()).code).toBe(0);
    await until(() => expect([...mine(), ...late.seen().filter(({ name }) => name === 'attic')]).toEqual([]), 10_000);
  });

  it('`flotilla masters` lists a master, and a computer joins it at the listed address', async () => {
    const home = makeHome();
    const nas: LeadingServer = await lead(home.data);
    const { stdout } = await run(['masters', '--json'], { prefix: inside });
    const { device, fingerprint } = await nas.call('hello');
    // Masters of other tests, or of this very network, are seen as well.
    const seen = (JSON.parse(stdout) as SeenMaster[]).find(({ id }) => id === device);
    expect(seen?.name).toBe('nas');
    expect(seen?.origin).toBe(`https://${NETWORK}.1:${nas.lan.split(':')[1]}`);
    expect(seen?.fingerprint).toBe(fingerprint.slice(0, 16));
    const { token } = await nas.call('invite.create');
    const args = [
      'worker',
      '--data',
      makeHome().data,
      '--name',
      'far',
      '--master',
      seen?.origin ?? '',
      '--token',
      token,
    ];
    const far = start(args, { prefix: inside });
    await until(async () =>
      expect((await nas.call('worker.list')).map(({ name, state }) => `${name} ${state}`)).toContain('far idle'),
    );
    far.kill('SIGTERM');
    await far.end();
  });

  it("a worker finds its master at a new address, and isn't deceived by an impostor", async () => {
    const home = makeHome();
    const first = await lead(home.data, ['--listen', `${NETWORK}.2`], { prefix: inside });
    const far = await join(
      { ...first, lan: `${NETWORK}.2:${first.lan.split(':')[1]}` },
      { data: makeHome().data, name: 'far' },
    );
    const { device, fingerprint, ...greeting } = await first.call('hello');
    first.flotilla.kill('SIGKILL');
    await first.flotilla.end();

    // Somebody else who calls himself by its name.
    const { key, certificate } = await loadDevice(path.join(tempFolder(), 'device.pem'));
    let asked = 0;
    const liar = createServer({ key, cert: certificate }).listen(0);
    liar.on('connection', () => {
      asked += 1;
    });
    const { port } = liar.address() as { port: number };
    const silence = announce({ greeting: { ...greeting, device }, port, fingerprint, warn: () => undefined });
    onTestFinished(async () => {
      await silence();
      liar.close();
    });
    await until(() => expect(asked).toBeGreaterThan(1));
    await silence();

    for (const [verb, address] of [
      ['del', `${NETWORK}.2/24`],
      ['add', `${NETWORK}.3/24`],
    ] as const) {
      execaSync('ip', ['-n', NAME, 'addr', verb, address, 'dev', `${CABLE}b`]);
    }
    onTestFinished(() => void ip('-n', NAME, 'addr', 'add', `${NETWORK}.2/24`, 'dev', `${CABLE}b`));
    const moved = await lead(home.data, ['--listen', `${NETWORK}.3`, '--lan-port', first.lan.split(':')[1] ?? ''], {
      prefix: inside,
    });
    await until(async () =>
      expect((await moved.call('worker.list')).map(({ name, state }) => `${name} ${state}`)).toContain('far idle'),
    );
    expect(far.errors).not.toContain('another key');
    far.kill('SIGTERM');
    expect((await far.end()).code).toBe(0);
  });

  it("no master is found if there is none, and a host without a network doesn't fail", async () => {
    const lonely = `${NAME}-x`;
    ip('netns', 'add', lonely);
    onTestFinished(() => void ip('netns', 'del', lonely));
    const prefix = ['ip', 'netns', 'exec', lonely];
    const { code, stdout } = await run(['masters', '--seconds', '1', '--data', makeHome().data], { prefix });
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^No masters found\./)]);
    const { flotilla: serving } = await lead(makeHome().data, [], { prefix });
    serving.kill('SIGTERM');
    expect(await serving.end()).toMatchObject({ code: 0, stderr: expect.not.stringMatching(/unexpected| at /) });
  });
});
