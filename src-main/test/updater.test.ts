/** The real electron-updater in a real Electron, updating an AppImage from a server. */
import { createHash } from 'node:crypto';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { execa } from 'execa';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ELECTRON_DIST, HEADLESS_FLAGS, NO_ELECTRON } from './support/electron.ts';
import { tempFolder } from './support/temp.ts';

const SOURCES = path.resolve(import.meta.dirname, '../electron');
const ROOT = path.resolve(import.meta.dirname, '../..');
/** The newer version tells that it runs. */
const NEWER = '#!/bin/sh\necho "newer runs" >> "$TOLD"\n';

/** A program that ends as the desktop does: its work comes to an end first. */
const MAIN = `
import { appendFileSync } from 'node:fs';
import { app } from 'electron';
import electronUpdater from 'electron-updater';
import { moveLoginItem, setLoginItem } from './login-item.js';
import { wireUpdater } from './updater.js';
const { ACTION, ENABLED, TOLD, FEED } = process.env;
let enabled = ENABLED === 'yes';
const tell = (text) => appendFileSync(TOLD, text + '\\n');
await app.whenReady();
const updater = new electronUpdater.AppImageUpdater({ provider: 'generic', url: FEED });
updater.forceDevUpdateConfig = true;
const wired = wireUpdater({
  updater,
  asks: false,
  enabled: async () => enabled,
  quit: () => app.quit(),
  changed: ({ state, version }) => tell(state + ' ' + version),
  log: tell,
  moved: moveLoginItem,
  firstLookMs: 3_600_000,
  takeOverMs: 100,
});
app.once('will-quit', (event) => {
  event.preventDefault();
  setTimeout(() => {
    tell('work has ended');
    wired.stop();
    if (!wired.finish()) app.exit(0);
  }, 100);
});
setLoginItem(true);
await wired.look();
if (ACTION === 'forbid') {
  enabled = false;
  await wired.applySetting();
}
if (ACTION === 'hold') wired.hold();
// What Squirrel of macOS does that has nothing to put in place.
if (ACTION === 'stuck') updater.quitAndInstall = () => undefined;
if (ACTION === 'install' || ACTION === 'stuck') wired.install();
if (wired.state().state !== 'ready' || !['install', 'stuck'].includes(ACTION)) app.quit();
`;

describe.skipIf(!ELECTRON_DIST)(`updates (${NO_ELECTRON})`, () => {
  let server: Server;
  let folder: string;
  let feed: string;
  /** What the server offers. */
  let offered: { version: string; bytes: string; sha512: string };
  const requests: string[] = [];

  beforeAll(async () => {
    server = createServer(({ url = '' }, response) => {
      requests.push(url.split('?')[0] ?? '');
      if (!offered) return response.writeHead(404).end();
      const { version, bytes, sha512 } = offered;
      const file = `{ url: Flotilla.AppImage, sha512: '${sha512}', size: ${bytes.length} }`;
      const about = `version: ${version}\nfiles: [${file}]\nreleaseDate: '2026-01-01T00:00:00.000Z'\n`;
      return response.end(url.startsWith('/latest-linux') ? about : bytes);
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    feed = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    folder = tempFolder();
    await build({
      configFile: false,
      logLevel: 'error',
      root: ROOT,
      build: {
        ssr: true,
        rolldownOptions: {
          input: ['updates/updater', 'system/login-item'].map((name) => path.join(SOURCES, `${name}.ts`)),
        },
        ...{ outDir: folder, emptyOutDir: false },
      },
    });
    symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
    writeFileSync(path.join(folder, 'main.js'), MAIN);
    const manifest = { name: 'flotilla-update-test', version: '1.0.0', type: 'module', main: 'main.js' };
    writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest));
    const config = `provider: generic\nurl: ${feed}\nupdaterCacheDirName: flotilla-updater\n`;
    writeFileSync(path.join(folder, 'dev-app-update.yml'), config);
  });
  afterAll(() => server.close());

  const offer = (version: string, bytes = NEWER, promised = bytes) => {
    offered = { version, bytes, sha512: createHash('sha512').update(promised).digest('base64') };
  };

  /** Runs the older version to its end. */
  async function older(
    env: { ACTION: 'quit' | 'install' | 'forbid' | 'hold' | 'stuck'; ENABLED?: 'yes' | 'no' },
    name = 'Flotilla.AppImage',
  ) {
    const home = tempFolder();
    const [told, appImage] = [path.join(home, 'told'), path.join(home, name)];
    writeFileSync(appImage, 'the older one');
    writeFileSync(told, '');
    requests.splice(0);
    await execa(path.join(ELECTRON_DIST ?? '', 'electron'), [...HEADLESS_FLAGS, folder], {
      env: {
        ...{ ENABLED: 'yes', ...env, FEED: feed, TOLD: told },
        ...{ APPIMAGE: appImage, HOME: home, XDG_CACHE_HOME: home, XDG_CONFIG_HOME: home },
      },
      timeout: 60_000,
    });
    const read = (file: string) => () => readFileSync(file, 'utf8').trim();
    return {
      ...{ home, lines: () => read(told)().split('\n') },
      ...{ image: read(appImage), autostart: read(path.join(home, 'autostart/flotilla.desktop')) },
    };
  }

  it('a newer version is downloaded, and installed when all work has ended', async () => {
    offer('1.0.1');
    const { lines, image } = await older({ ACTION: 'install' });
    await expect.poll(lines, { timeout: 60_000 }).toContain('newer runs');
    expect(lines().filter((line) => !line.startsWith('downloading'))).toEqual([
      'available 1.0.1',
      'ready 1.0.1',
      'work has ended',
      'newer runs',
    ]);
    expect(image()).toBe(NEWER.trim());
  });

  it('quitting installs an update too, after the work', async () => {
    offer('1.0.1');
    const { lines, image } = await older({ ACTION: 'quit' });
    expect(image()).toBe(NEWER.trim());
    expect(lines().indexOf('work has ended')).toBe(lines().length - 2);
  });

  it('altered bytes, an older version, and a missing server change nothing', async () => {
    offer('1.0.1', NEWER, 'something else');
    const tampered = await older({ ACTION: 'install' });
    expect(tampered.image()).toBe('the older one');
    expect(tampered.lines()).toEqual(
      expect.arrayContaining([expect.stringMatching(/^Couldn't get an update: sha512/), 'none null', 'work has ended']),
    );
    offer('0.9.0');
    const same = await older({ ACTION: 'install' });
    expect([same.image(), same.lines()]).toEqual(['the older one', ['work has ended']]);
  });

  it('the setting turns updates off', async () => {
    offer('1.0.1');
    const { lines, image } = await older({ ACTION: 'quit', ENABLED: 'no' });
    expect([image(), lines(), requests]).toEqual(['the older one', ['work has ended'], []]);
  });

  it.each([
    ['switched off after it was fetched', 'forbid'],
    ['the system ends', 'hold'],
  ] as const)('it is not put in place: %s', async (_why, ACTION) => {
    offer('1.0.1');
    const { lines, image } = await older({ ACTION });
    expect([image(), lines().slice(-2)]).toEqual(['the older one', ['ready 1.0.1', 'work has ended']]);
  });

  it('the program ends even if the installer never starts', async () => {
    offer('1.0.1');
    const { lines } = await older({ ACTION: 'stuck' });
    expect(lines()).toContain('work has ended');
  });

  it('the login item names the new path after an update', async () => {
    offer('1.0.1');
    const { home, autostart } = await older({ ACTION: 'quit' }, 'Flotilla-1.0.0.AppImage');
    // Offered under a name of its own.
    expect(autostart()).toContain(`Exec="${home}/Flotilla.AppImage"`);
  });
});
