/** What is inside the packaged app, and that it runs: electron-builder's real result around a real Electron. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createPackageWithOptions, extractAll, extractFile, listPackage } from '@electron/asar';
import { FuseState, FuseV1Options, getCurrentFuseWire } from '@electron/fuses';
import { Arch } from 'electron-builder';
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { TINY } from './support/cli.ts';
import { makeClip } from './support/clips.ts';
import { ELECTRON_DIST, HEADLESS_FLAGS, NO_ELECTRON } from './support/electron.ts';
import { which } from './support/ffmpeg.ts';
import { filesIn } from './support/files.ts';
import { makeHome, tempFolder } from './support/temp.ts';
import { until } from './support/wait.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const LOCK = JSON.parse(readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8')) as {
  packages: Record<string, { version: string; dev?: boolean }>;
};

describe.skipIf(!ELECTRON_DIST)(`the packaged app (${NO_ELECTRON})`, () => {
  let app: string;
  let resources: string;
  let archive: string;
  let files: string[];

  const built = (...parts: string[]) => path.join(app, ...parts);

  beforeAll(async () => {
    const out = tempFolder();
    const electronVersion = readFileSync(path.join(ELECTRON_DIST ?? '', 'version'), 'utf8').trim();
    const config = {
      'directories.output': out,
      electronDist: ELECTRON_DIST,
      electronVersion,
      'publish.provider': 'generic',
      'publish.url': 'http://127.0.0.1:9/',
    };
    const overrides = Object.entries(config).map(([key, value]) => `-c.${key}=${value}`);
    const args = ['--linux', 'dir', '--x64', '--publish', 'never'];
    await execa('electron-builder', [...args, ...overrides], { cwd: ROOT, preferLocal: true, localDir: ROOT });
    app = path.join(out, 'linux-unpacked');
    resources = built('resources');
    archive = path.join(resources, 'app.asar');
    files = listPackage(archive, { isPack: false }).map((file) => file.slice(1));
  });

  it('the package contains the build and only the run-time packages', () => {
    expect(files).toEqual(
      expect.arrayContaining(['package.json', 'out/main/index.js', 'out/main/walker.js', 'out/renderer/index.html']),
    );
    expect(files.filter((file) => !/^(package\.json|out|node_modules|resources(\/tray)?)(\/|$)/.test(file))).toEqual(
      [],
    );
    const packages = files.filter((file) => /(^|\/)node_modules\/(@[^/]+\/)?[^@/]+\/package\.json$/.test(file));
    expect(packages.length).toBeGreaterThan(100);
    // By name and version: a package may lie elsewhere than here.
    const forRunTime = Object.entries(LOCK.packages).filter(([, { dev }]) => !dev);
    const wanted = new Set(
      forRunTime.map(([place, { version }]) => `${place.split('node_modules/').at(-1)} ${version}`),
    );
    const shipped = packages.map((file) => {
      const { name, version } = JSON.parse(extractFile(archive, file).toString()) as Record<string, string>;
      return `${name} ${version}`;
    });
    expect(shipped.filter((one) => !wanted.has(one))).toEqual([]);
    const manifest = JSON.parse(extractFile(archive, 'package.json').toString()) as Record<string, unknown>;
    expect(manifest).not.toHaveProperty('devDependencies');
    expect(manifest).toMatchObject({ name: 'flotilla', main: 'out/main/index.js' });
  });

  it('the package contains no maps, tests, sources, or manuals', () => {
    const waste = /\.(map|[mc]?ts|md|cc?|cpp|h|gypi?)$|(^|\/)(tests?|__tests__|docs?|examples?|\.github|\.vite)(\/|$)/;
    expect(files.filter((file) => waste.test(file))).toEqual([]);
  });

  it('the package contains only the native module of its system, as a real file', () => {
    const native = (name: string) => name.endsWith('.node');
    const module = 'node_modules/better-sqlite3/prebuilds/linux-x64.node';
    expect(files.filter(native)).toEqual([module]);
    expect(filesIn(`${archive}.unpacked`).filter(native)).toEqual([module]);
  });

  it('the package has its fuses set', async () => {
    const wire = await getCurrentFuseWire(built('flotilla-desktop'));
    const { ENABLE: on, DISABLE: off } = FuseState;
    expect(wire).toMatchObject({
      [FuseV1Options.RunAsNode]: off,
      [FuseV1Options.EnableCookieEncryption]: on,
      [FuseV1Options.EnableNodeOptionsEnvironmentVariable]: off,
      [FuseV1Options.EnableNodeCliInspectArguments]: off,
      [FuseV1Options.EnableEmbeddedAsarIntegrityValidation]: on,
      [FuseV1Options.OnlyLoadAppFromAsar]: on,
      [FuseV1Options.GrantFileProtocolExtraPrivileges]: off,
    });
  });

  it('the package contains all licenses, ffmpeg if it was downloaded, and the address of updates', () => {
    const licence = (name: string) => readFileSync(path.join(resources, 'licenses', name), 'utf8');
    expect(licence('LICENSE.txt')).toContain('MIT');
    expect(licence('GPL-3.0.txt')).toContain('GNU GENERAL PUBLIC LICENSE');
    expect(licence('ffmpeg.txt')).toContain('source');
    const notices = licence('THIRD-PARTY-NOTICES.txt');
    // Beside the program, part of it, of the page, and of a package below another one.
    for (const name of ['better-sqlite3', 'pino-roll', 'birpc', 'react', '@mantine/core'])
      expect(notices).toContain(`${name} ${LOCK.packages[`node_modules/${name}`]?.version} (`);
    expect(existsSync(built('LICENSE.electron.txt'))).toBe(true);
    const fetched = path.join(ROOT, 'resources/ffmpeg/linux-x64');
    if (existsSync(fetched)) expect(readdirSync(path.join(resources, 'ffmpeg'))).toEqual(readdirSync(fetched));
    expect(readFileSync(path.join(resources, 'app-update.yml'), 'utf8')).toContain('provider: generic');
  });

  describe('running', () => {
    let home: ReturnType<typeof makeHome>;

    beforeAll(() => {
      home = makeHome();
      // The stand-in for Electron's own binary may be too old for the module that ships, and brings one that fits it.
      const fitting = path.join(ELECTRON_DIST ?? '', 'native/node_modules');
      if (existsSync(fitting)) return replaceModule(fitting);
    });

    async function replaceModule(fitting: string): Promise<void> {
      const inside = tempFolder();
      extractAll(archive, inside);
      rmSync(path.join(inside, 'node_modules/better-sqlite3'), { recursive: true });
      cpSync(fitting, path.join(inside, 'node_modules'), { recursive: true });
      rmSync(`${archive}.unpacked`, { recursive: true });
      await createPackageWithOptions(inside, archive, { unpack: '*.node' });
    }

    const run = (args: string[], env: Record<string, string> = {}) =>
      execa(built('flotilla-desktop'), ['--no-sandbox', '--log-level=3', ...args], {
        reject: false,
        timeout: 110_000,
        env: { DISPLAY: '', ...env },
      });

    it('the packaged app with a command is the command line, and never a plain Node', async () => {
      const { version } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { version: string };
      expect(await run(['--version'], { ELECTRON_RUN_AS_NODE: '1' })).toMatchObject({ exitCode: 0, stdout: version });
      expect(await run(['nonsense'])).toMatchObject({
        exitCode: 2,
        stderr: expect.stringContaining('unknown command'),
      });
    });

    it('the command of the .deb starts the packaged app', async () => {
      const command = path.join(tempFolder(), 'flotilla');
      const text = readFileSync(path.join(ROOT, 'build/linux/flotilla'), 'utf8');
      writeFileSync(command, text.replace('/opt/Flotilla', app), { mode: 0o755 });
      expect(await execa(command, ['plan', '/no/video'], { reject: false, env: { DISPLAY: '' } })).toMatchObject({
        exitCode: 2,
        stderr: expect.stringContaining('There is no file /no/video'),
      });
    });

    it('the packaged app converts with its own ffmpeg, and runs its threads from the archive', async () => {
      const carried = path.join(resources, 'ffmpeg');
      const programs = { ffmpeg: which('ffmpeg'), ffprobe: which('ffprobe') };
      if (!existsSync(carried)) {
        mkdirSync(carried);
        for (const [name, program] of Object.entries(programs)) symlinkSync(program, path.join(carried, name));
      }
      // No other one in reach.
      const PATH = tempFolder();
      const doctor = await run(['doctor', '--data', home.data], { PATH });
      expect(doctor.stdout).toContain(`(came with Flotilla, ${carried}/ffmpeg)`);
      makeClip(path.join(home.media, 'video.mp4'));
      const { exitCode, stderr } = await run(['convert', home.media, '--data', home.data, ...TINY], { PATH });
      expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
      expect(readdirSync(home.media)).toContain('video.mkv');
    });

    it('the packaged app without a command is the desktop app, with its node in a thread, and ends properly', async () => {
      const { data } = makeHome();
      const flags = [...HEADLESS_FLAGS, `--data=${data}`, '--hidden'];
      const desktop = execa(built('flotilla-desktop'), flags, { reject: false, env: { WEB_PORT: '0' } });
      const file = path.join(data, 'instance.json');
      await until(() => expect(existsSync(file)).toBe(true));
      const { url } = JSON.parse(readFileSync(file, 'utf8')) as { url: string };
      const authorization = `Bearer ${readFileSync(path.join(data, 'token'), 'utf8')}`;
      const about = await fetch(`${url}/api/rpc/about`, { headers: { authorization } });
      expect(await about.json()).toMatchObject({ ffmpeg: expect.stringMatching(/\d/) });
      expect(await (await fetch(url)).text()).toContain('<title>Flotilla</title>');
      desktop.kill('SIGTERM');
      expect(await desktop).toMatchObject({ exitCode: 0 });
    });
  });
});

it('an installer is not made without an ffmpeg', async () => {
  const { default: beforePack } = await import(path.join(ROOT, 'build/before-pack.mjs'));
  const pack = (...targets: string[]) =>
    beforePack({ electronPlatformName: 'linux', arch: Arch.ia32, targets: targets.map((name) => ({ name })) });
  // Nobody builds one for it.
  expect(() => pack('AppImage', 'dir')).toThrow(/^There is no ffmpeg in .*; run npm run fetch-ffmpeg -- .*--arch ia32/);
});

describe('icons', () => {
  it.each(readdirSync(path.join(ROOT, 'build/icons')))('the icon %s has the format and size of its name', (name) => {
    const picture = readFileSync(path.join(ROOT, 'build/icons', name));
    // A PNG's first chunk tells its size.
    expect(`${picture.readUInt32BE(16)}x${picture.readUInt32BE(20)}.png`).toBe(name);
  });
});
