// npm run screenshots: pictures of every page in docs/images/, taken of a real server while it converts the demo library.
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, utimesSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { CLIPS, DEMO_LIBRARY, makeDemo } from './demo.mjs';
import { takeTray, takeWindow } from './desktop-shots.mjs';
import { ensureReady, findCommand, HEADLESS, NODE, say } from './setup.mjs';

const IMAGES = path.resolve(import.meta.dirname, '../docs/images');
const VIEWS = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };
const HOUR_MS = 3_600_000;
/** A busy computer takes its time for the pictures of a comparison. */
const PATIENCE_MS = 300_000;

/** The demo's videos under more names, so that lists look like lists: [name, which clip]. */
const VIDEOS = [
  ['Videos/Harbour at dawn (2019)/Harbour at dawn (2019).mp4', 0],
  ['Videos/The long tide (1998)/The long tide (1998).mpg', 1],
  ['Videos/Night ferry (2021)/Night ferry (2021).mkv', 2],
  ['Videos/Islands (2016)/Islands (2016).mp4', 0],
  ['Videos/The lighthouse keeper (2004)/The lighthouse keeper (2004).mpg', 1],
  ['Series/Coastlines/Season 1/Coastlines S01E01.mkv', 2],
  ['Series/Coastlines/Season 1/Coastlines S01E02.mp4', 0],
  ['Series/Coastlines/Season 1/Coastlines S01E03.mkv', 2],
  ['Series/Coastlines/Season 2/Coastlines S02E01.mp4', 0],
  ['Series/Coastlines/Season 2/Coastlines S02E02.mpg', 1],
  ['Home/Regatta 2003.mpg', 1],
  ['Home/Sailing lessons.mp4', 0],
];
/** Cut off in the middle, as a download may be. */
const DAMAGED = 'Home/Old tape, cut off.mpg';
/** The video whose pictures are worth a look. */
const SHOWN = 'The long tide';
/** This many videos are done when the pictures are taken; the next one is being converted. */
const DONE = 4;

function makeLibrary(folder) {
  makeDemo();
  const put = (name, clip, age) => {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    copyFileSync(path.join(DEMO_LIBRARY, CLIPS[clip].name), file);
    const time = new Date(Date.now() - age * HOUR_MS);
    utimesSync(file, time, time);
    return file;
  };
  for (const [index, [name, clip]] of VIDEOS.entries()) put(name, clip, 100 - index);
  const damaged = put(DAMAGED, 1, 200);
  truncateSync(damaged, 90_000);
  utimesSync(damaged, new Date(), new Date(Date.now() - 200 * HOUR_MS));
}

/** Starts a server and says how to call it. */
async function startServer(home, name) {
  const data = path.join(home, `data-${name}`);
  const args = [HEADLESS, 'serve', '--data', data, '--port', '0', '--lan-port', '0', '--settle', '0', '--name', name];
  args.push('--log-level', 'warn');
  const server = spawn(NODE, args, { stdio: ['ignore', 'pipe', 'inherit'], cwd: home });
  const url = await new Promise((resolve) => {
    server.stdout.on('data', (text) => {
      const [found] = /http:[^\s#]+[^\s#/]/.exec(text) ?? [];
      if (found) resolve(found);
    });
  });
  const token = readFileSync(path.join(data, 'token'), 'utf8').trim();
  const call = async (name, input = {}) => {
    const response = await fetch(`${url}/api/rpc/${name}`, {
      method: 'POST',
      // A kept connection is closed by the server after seconds, which may be the moment that the next call is sent.
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', connection: 'close' },
      body: JSON.stringify(input),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(`${name}: ${answer.sentence}`);
    return answer;
  };
  const stop = async () => {
    const ended = new Promise((resolve) => server.on('exit', resolve));
    server.kill('SIGTERM');
    await ended;
  };
  return { data, url, token, call, stop };
}

async function until(check) {
  while (!(await check())) await pause(500);
}

/** Takes one page in all its forms: `first-run-light-phone.png`. */
async function take(browser, { url, token }, name, address, ready) {
  for (const colorScheme of ['light', 'dark']) {
    for (const [view, viewport] of Object.entries(VIEWS)) {
      const context = await browser.newContext({ viewport, colorScheme, reducedMotion: 'reduce' });
      const page = await context.newPage();
      page.setDefaultTimeout(PATIENCE_MS);
      await page.goto(`${url}${address}${token ? `#token=${token}` : ''}`);
      await ready(page);
      await until(async () => (await page.locator('[aria-busy="true"]').count()) === 0);
      await page.evaluate(() => document.fonts.ready);
      await page.screenshot({ path: path.join(IMAGES, `${name}-${colorScheme}-${view}.png`) });
      await context.close();
    }
  }
  say(`took ${name}.`);
}

/** All pictures of a comparison are there, and small ones as far as they are in view: others are loaded when they get there. */
const compared = (page) =>
  page.waitForFunction(() => {
    const isInView = (picture) => {
      const { top, bottom, left, right } = picture.getBoundingClientRect();
      return bottom > 0 && right > 0 && top < innerHeight && left < innerWidth;
    };
    const pictures = [...document.images].filter((picture) => picture.loading !== 'lazy' || isInView(picture));
    return pictures.length >= 2 && pictures.every((picture) => picture.naturalWidth > 0);
  });

const heading = (name) => (page) => page.getByRole('heading', { level: 1, name }).waitFor();

async function takeFirstRun(browser, node, clips) {
  await take(browser, node, 'first-run', '/', heading('Welcome to Flotilla'));
  await node.call('setup.set', { role: 'join' });
  await take(browser, node, 'join', '/welcome', heading('Join a master'));
  await node.call('setup.set', { role: 'alone' });
  await node.call('settings.set', { values: { testingMode: true } });
  await take(browser, node, 'choose-folder', '/welcome', async (page) => {
    await page.getByRole('textbox', { name: 'Path' }).fill(clips);
    await page.keyboard.press('Enter');
    await page.getByText('Series').waitFor();
  });
  const { library } = await node.call('library.add', { path: clips, hold: true });
  await node.call('library.scan', { library: library.id });
  await until(async () => (await node.call('library.dryRun', { library: library.id })).pending === 0);
  const { files } = await node.call('file.page', { filter: { search: SHOWN } });
  await node.call('file.sample', { file: files[0].id, seconds: 4 });
  await take(browser, node, 'preview', `/welcome?library=${library.id}`, async (page) => {
    const video = page.getByRole('combobox', { name: 'Video' });
    const option = page.getByRole('option', { name: SHOWN });
    // What is still loading may take the focus, which closes the list.
    await until(async () => {
      await video.click();
      await video.fill(SHOWN);
      return option.isVisible();
    });
    await option.click();
    await compared(page);
  });
  return library.id;
}

/** What a computer shows that works for `node`, and what `node` shows of it. */
async function takeFleet(browser, node, home) {
  await take(browser, node, 'settings-role', '/settings/role', heading('Settings'));
  await node.call('settings.set', { values: { lead: true } });
  const { token } = await node.call('invite.create');
  const other = await startServer(home, 'attic');
  try {
    await other.call('setup.set', { role: 'join', complete: true });
    await other.call('master.join', { address: node.url, token });
    await until(async () => (await other.call('master.get'))?.work?.running[0]?.progress.fps !== undefined);
    await take(browser, other, 'this-computer', '/', heading('This computer'));
    await take(browser, node, 'workers', '/workers', heading('Workers'));
    await take(browser, node, 'queue', '/queue', heading('Queue'));
  } finally {
    await other.stop();
  }
}

async function takeAll(browser, node, clips, home) {
  const library = await takeFirstRun(browser, node, clips);
  await node.call('library.release', { library });
  await node.call('setup.set', { complete: true });
  say(`converting ${DONE} videos, which takes a few minutes.`);
  await until(async () => {
    const { counts, running } = await node.call('queue.summary');
    return counts.done >= DONE && running[0]?.progress.fps !== undefined;
  });
  const { files } = await node.call('file.page', { filter: { search: SHOWN } });
  await takeTray(browser, node, IMAGES);
  await take(browser, node, 'dashboard', '/', heading('Dashboard'));
  await takeFleet(browser, node, home);
  await take(browser, node, 'library', '/library?sort=path', (page) => page.getByRole('checkbox').nth(5).waitFor());
  await take(browser, node, 'folders', '/library?view=folders', async (page) => {
    for (const name of ['Series', 'Coastlines', 'Season 1']) {
      await page.getByRole('treegrid').getByText(name, { exact: true }).click();
    }
    await page.getByText('Coastlines S01E03').waitFor();
  });
  await take(browser, node, 'video', `/library?sort=path&file=${files[0].id}`, compared);
  await take(browser, node, 'insights', '/insights', heading('Insights'));
  await take(browser, node, 'vault', '/vault', heading('Vault'));
  await take(browser, node, 'history', '/history', heading('History'));
  // Each picture was taken by a browser of its own.
  await node.call('access.signOut', { keep: null });
  for (const section of ['quality', 'libraries', 'computer', 'access', 'backup', 'about']) {
    await take(browser, node, `settings-${section}`, `/settings/${section}`, heading('Settings'));
  }
  await node.call('access.setPassword', { password: 'three boats under way' });
  await take(browser, { url: node.url }, 'sign-in', '/', heading(/^Flotilla on/));
}

ensureReady({ tools: ['ffmpeg', 'chromium'] });
// It may have been installed only now.
const { chromium } = await import('playwright-core');
const home = mkdtempSync(path.join(os.tmpdir(), 'flotilla-screenshots-'));
const clips = path.join(home, 'media');
makeLibrary(clips);
mkdirSync(IMAGES, { recursive: true });
const node = await startServer(home, 'nas');
// Chromium refuses its sandbox to root.
const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
const browser = await chromium.launch({ executablePath: findCommand('chromium'), args });
let done = false;
try {
  await takeAll(browser, node, clips, home);
  done = true;
} finally {
  await browser.close();
  await node.stop();
  if (done) await takeWindow(node.data, IMAGES, home);
  rmSync(home, { recursive: true, force: true });
}
