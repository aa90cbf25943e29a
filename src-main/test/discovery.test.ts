/** Masters and who looks for them on separate hosts: network namespaces with a cable between them. */
import { execaSync } from 'execa';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { SeenMaster } from '../../src-shared/fleet-view.ts';
import { browse } from '../discovery.ts';
import { type LeadingServer, lead, makeHome, run, start, until } from './helpers.ts';

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
  });
  afterAll(() => {
    ip('netns', 'del', NAME);
  });

  it('a master is seen within three seconds, under the address that can be reached, and gone when it ends', async () => {
    const { seen } = look();
    const other = start(
      ['serve', '--data', makeHome().data, '--port', '0', '--lead', '--lan-port', '0', '--name', 'attic'],
      {
        prefix: inside,
      },
    );
    const port = (await other.says(/awaited on port \d+/)).replace(/\D+/, '');
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

  it('the command line lists it, and a computer joins it by what is listed', async () => {
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

  it('nothing is seen where nobody leads, and a host without any network does not fail', async () => {
    const lonely = `${NAME}-x`;
    ip('netns', 'add', lonely);
    onTestFinished(() => void ip('netns', 'del', lonely));
    const prefix = ['ip', 'netns', 'exec', lonely];
    const { code, stdout } = await run(['masters', '--seconds', '1'], { prefix });
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^No master was seen\./)]);
    const serving = start(['serve', '--data', makeHome().data, '--port', '0', '--lead', '--lan-port', '0'], { prefix });
    await serving.says(/awaited on port/);
    serving.kill('SIGTERM');
    expect(await serving.end()).toMatchObject({ code: 0, stderr: expect.not.stringMatching(/unexpected| at /) });
  });
});
