/** The second start of the desktop and every later one: its page builds itself while the node starts, where it was the last time. */
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { execaSync } from 'execa';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ELECTRON, isShown, NO_ELECTRON } from '../../src-main/test/support/electron.ts';
import { freePort, tryConnect } from '../../src-main/test/support/ports.ts';
import { makeHome } from '../../src-main/test/support/temp.ts';
import { until } from '../../src-main/test/support/wait.ts';
import { closeWindow, type DesktopApp, launch, pageOf, quit, trayLines, watchTray, withTray } from './desktop.ts';

/** Starts it at a port, and sees its page at work where the node says that it is. */
async function startAt(data: string, port: number, env: Record<string, string> = {}): Promise<DesktopApp> {
  const desktop = await launch(data, { WEB_PORT: String(port), ...env });
  const page = await pageOf(desktop);
  await page.getByText('Connected').waitFor();
  const { url } = JSON.parse(readFileSync(instanceIn(data), 'utf8'));
  expect(new URL(page.url()).origin).toBe(url);
  expect(page.url()).not.toContain('token');
  return desktop;
}

/** Written when the node can be asked. */
const instanceIn = (data: string) => path.join(data, 'instance.json');

/** Has starts on a data folder wait half way, until the returned function is called: what is read there has no end until then. */
function holdStart(data: string): () => void {
  const file = path.join(data, 'id');
  const id = readFileSync(file);
  rmSync(file);
  execaSync('mkfifo', [file]);
  return () => writeFileSync(file, id);
}

async function end(desktop: DesktopApp): Promise<void> {
  await quit(desktop);
  expect(await desktop.ended).toBe(0);
}

describe.skipIf(!ELECTRON)(`a later start of the desktop (${NO_ELECTRON})`, () => {
  it('resumes at its last address, or at the one that settings and other programs leave it', async () => {
    const { data } = makeHome();
    const [port, other] = [await freePort(), await freePort()];
    const noted = () =>
      existsSync(path.join(data, 'endpoint')) ? readFileSync(path.join(data, 'endpoint'), 'utf8') : '';
    const first = await startAt(data, port);
    await until(() => expect(noted()).toBe(`http://127.0.0.1:${port}/`));
    await end(first);

    // Where it is awaited.
    await end(await startAt(data, port));

    // Another port, and a path: the page that was there before its node is left.
    const moved = await startAt(data, other, { BASE_PATH: '/videos' });
    expect(await tryConnect(port)).toBe('ECONNREFUSED');
    await until(() => expect(noted()).toBe(`http://127.0.0.1:${other}/videos`));
    await end(moved);
    await end(await startAt(data, other, { BASE_PATH: '/videos' }));

    // Another program has the port: its page is not what the window shows.
    const foreign = createServer((_request, response) => response.end('<h1>Foreign</h1>')).listen(other, '127.0.0.1');
    onTestFinished(() => void foreign.close());
    await once(foreign, 'listening');
    const beside = await startAt(data, other);
    expect(noted()).toBe(`http://127.0.0.1:${other}/videos`);
    await end(beside);
  });

  it('shows its window while the node still starts, and leaves it as its user does', async () => {
    const { data } = makeHome();
    const port = await freePort();
    const env = { WEB_PORT: String(port), ...withTray() };
    await end(await startAt(data, port));

    const release = holdStart(data);
    const desktop = await launch(data, env);
    await watchTray(desktop);
    const page = await desktop.app.firstWindow();
    await page.getByText('Connecting').waitFor();
    await page.getByRole('heading', { name: 'Dashboard' }).waitFor();
    const isSeen = (seen: boolean) => until(async () => expect(await isShown(desktop.app)).toBe(seen));
    const startAgain = async () => (await launch(data, env).catch(() => undefined))?.ended;
    await isSeen(true);
    await closeWindow(desktop);
    await isSeen(false);
    await startAgain();
    await isSeen(true);
    await closeWindow(desktop);
    await isSeen(false);
    expect(existsSync(instanceIn(data))).toBe(false);

    release();
    await page.getByText('Connected').waitFor();
    await until(async () => expect(await trayLines(desktop)).toContain('Idle'));
    expect(await isShown(desktop.app)).toBe(false);
    await startAgain();
    await isSeen(true);
    await end(desktop);
  });

  it('ends in good order whenever it is asked to, also before there is anything to see', async () => {
    const { data } = makeHome();
    const port = await freePort();
    await end(await startAt(data, port));
    for (const after of [0, 80, 160, 240]) {
      const desktop = await launch(data, { WEB_PORT: String(port) });
      await desktop.app.evaluate(({ app }, ms) => void setTimeout(() => app.quit(), ms), after);
      expect(await desktop.ended).toBe(0);
      expect(existsSync(instanceIn(data))).toBe(false);
      expect(await tryConnect(port)).toBe('ECONNREFUSED');
    }
  });
});
