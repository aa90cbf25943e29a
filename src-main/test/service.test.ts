/** Flotilla as a service: what is written, and what systemd makes of it. */
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { settingsText, unitText } from '../cli/systemd-unit.ts';
import { run } from './support/cli.ts';
import { CAN_MOUNT, NO_MOUNT } from './support/disk.ts';
import { tempFolder } from './support/temp.ts';

const CAN_VERIFY = execaSync('systemd-analyze', ['--version'], { reject: false }).exitCode === 0;

describe.skipIf(!CAN_VERIFY)('a unit (needs systemd-analyze)', () => {
  it.each(['serve', 'worker'] as const)('the unit of %s is valid with any path', (kind) => {
    const folder = path.join(tempFolder(), 'an "odd" name, 100 % $HOME');
    mkdirSync(folder);
    const program = path.join(folder, 'no de');
    symlinkSync(process.execPath, program);
    for (const user of ['daemon', undefined]) {
      const text = unitText({
        kind,
        command: [program, '/opt/flotilla/headless.js', kind],
        settings: '/etc/flotilla/flotilla.env',
        ...{ user, state: user && 'flotilla', folders: [folder] },
      });
      const file = path.join(folder, 'flotilla.service');
      writeFileSync(file, text);
      const scope = user ? '--system' : '--user';
      const { exitCode, stderr } = execaSync('systemd-analyze', ['verify', scope, file], {
        reject: false,
        env: { XDG_RUNTIME_DIR: tempFolder() },
      });
      expect({ exitCode, stderr: stderr.split('\n').filter((line) => line.includes(file)) }).toEqual({
        exitCode: 0,
        stderr: [],
      });
      const security = execaSync('systemd-analyze', ['security', '--offline=yes', file], { reject: false }).stdout;
      if (user) expect(security).toMatch(/Overall exposure level for flotilla\.service: [0-4]\.\d/);
    }
  });
});

describe('settings of a service', () => {
  it('settings of a service replace those of the same name, and keep the others', () => {
    const before = '# mine\nLEAD="false"\nSVT_AV1_PRESET="4"\nWEB_PORT="80"\n';
    expect(settingsText(before, { LEAD: 'true', SVT_AV1_PRESET: '5', MEDIA_DIRS: '/a "b"\\c $d' })).toBe(
      '# mine\nWEB_PORT="80"\nLEAD="true"\nSVT_AV1_PRESET="5"\nMEDIA_DIRS="/a \\"b\\"\\\\c \\$d"\n',
    );
  });
});

describe.skipIf(!CAN_MOUNT)(`flotilla service (${NO_MOUNT})`, () => {
  /** Runs the command line where /etc is a folder of the test and systemctl notes what it is told. */
  const makeComputer = () => {
    const [etc, stubs, media] = [tempFolder(), tempFolder(), tempFolder()];
    const told = path.join(stubs, 'told');
    writeFileSync(
      path.join(stubs, 'systemctl'),
      `#!/bin/sh\n[ ! -e ${stubs}/fails ] || { echo no >&2; exit 1; }\necho "$@" >>${told}\n`,
      {
        mode: 0o755,
      },
    );
    const prefix = ['unshare', '--mount', 'sh', '-c', `mount --bind ${etc} /etc; exec "$@"`, 'sh'];
    const env = { PATH: `${stubs}:${process.env.PATH}`, SUDO_USER: '', NODE_EXTRA_CA_CERTS: '' };
    return {
      ...{ etc, stubs, media },
      told: () => readFileSync(told, 'utf8').trim().split('\n'),
      flotilla: (...args: string[]) => run(['service', ...args], { prefix, env }),
    };
  };

  it('flotilla service installs, installs again, and removes, and prints each step', async () => {
    const { etc, media, told, flotilla } = makeComputer();
    const unit = path.join(etc, 'systemd/system/flotilla.service');
    const settings = path.join(etc, 'flotilla/flotilla.env');
    const install = ['install', 'serve', media, '--user', 'anna'];
    const shown = await flotilla(...install, '--dry-run');
    expect([shown.code, shown.stdout]).toEqual([0, expect.stringMatching(/^User=anna$/m)]);
    expect(existsSync(unit)).toBe(false);
    const { code, stdout } = await flotilla(...install, '--set', 'LEAD=true', '--set', 'JOIN_TOKEN=a b');
    expect([code, stdout.split('\n').slice(0, 5)]).toEqual([
      0,
      [
        'Wrote /etc/systemd/system/flotilla.service.',
        'Wrote /etc/flotilla/flotilla.env.',
        'Running systemctl daemon-reload',
        'Running systemctl enable flotilla',
        'Running systemctl restart flotilla',
      ],
    ]);
    expect(statSync(settings).mode & 0o777).toBe(0o600);
    expect(readFileSync(settings, 'utf8')).toBe(
      `DATA_DIR="/var/lib/flotilla"\nMEDIA_DIRS="${media}"\nLEAD="true"\nJOIN_TOKEN="a b"\n`,
    );
    expect(readFileSync(unit, 'utf8')).toMatch(/^StateDirectory=flotilla$/m);
    chmodSync(settings, 0o644);
    await flotilla(...install, '--set', 'LEAD=false', '--data', '/srv/flotilla');
    expect(statSync(settings).mode & 0o777).toBe(0o600);
    expect(readFileSync(settings, 'utf8')).toMatch(
      /^JOIN_TOKEN="a b"\nDATA_DIR="\/srv\/flotilla"\n.*\nLEAD="false"\n$/,
    );
    const removed = await flotilla('remove', 'serve');
    expect([removed.code, removed.stdout]).toEqual([
      0,
      expect.stringMatching(/Data and settings are kept \(\/etc\/flot/),
    ]);
    expect([existsSync(unit), existsSync(settings)]).toEqual([false, true]);
    expect(told().slice(-2)).toEqual(['disable --now flotilla', 'daemon-reload']);
  });

  it('flotilla service changes nothing if the command is invalid', async () => {
    const { etc, stubs, media, flotilla } = makeComputer();
    const wrong: [string[], RegExp][] = [
      [['install', 'serve', media], /^Specify the user with --user, such as the owner of the media\.$/],
      [['install', 'server', media], /^"server" isn't a service; use serve or worker\.$/],
      [['install', 'serve', '/nowhere', '--user', 'anna'], /^There is no folder \/nowhere\.$/],
      [['install', 'worker', media, '--user', 'anna'], /^A worker has no libraries/],
      [['install', 'serve', '--user', 'anna', '--set', 'LED=true'], /^"LED=true" isn't a setting/],
      [['install', 'serve', '--user', 'anna', '--set', 'LEAD=maybe'], /^LEAD is "maybe", but must be true or false\.$/],
      [['remove', 'worker'], /^There is no service flotilla-worker/],
    ];
    for (const [args, sentence] of wrong) {
      expect(await flotilla(...args)).toMatchObject({
        code: expect.any(Number),
        stderr: expect.stringMatching(sentence),
      });
    }
    expect(existsSync(path.join(etc, 'systemd'))).toBe(false);
    writeFileSync(path.join(stubs, 'fails'), '');
    const failed = await flotilla('install', 'serve', '--user', 'anna');
    expect(failed).toMatchObject({ code: 1, stderr: 'systemctl daemon-reload failed: no' });
  });
});
