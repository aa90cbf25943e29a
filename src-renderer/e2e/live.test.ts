/** Pages that stay open while things happen: work, other users, a master that goes and comes back. */
import path from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { TINY } from '../../src-main/test/support/cli.ts';
import { makeClip } from '../../src-main/test/support/clips.ts';
import { slowEncodes } from '../../src-main/test/support/ffmpeg.ts';
import { serve } from '../../src-main/test/support/server.ts';
import { makeHome } from '../../src-main/test/support/temp.ts';
import { enter, expectComplaints, openPage } from './browser.ts';

/** Stands between a page and its server, as a slow network does. */
async function between(page: Page) {
  const [connect, asked, answer, told] = Array.from({ length: 4 }, () => Promise.withResolvers<void>());
  const wire = { connect, asked, answer, told, revision: 0, send: (_packet: string): void => undefined };
  await page.routeWebSocket(/socket\.io/, async (ours) => {
    await connect?.promise;
    const server = ours.connectToServer();
    let snapshot = 'none';
    ours.onMessage((packet) => {
      const [, id] = /^42(\d+)\["rpc","live.snapshot"/.exec(String(packet)) ?? [];
      if (id) snapshot = id;
      server.send(packet);
    });
    server.onMessage(async (packet) => {
      const text = String(packet);
      if (text.startsWith(`43${snapshot}[`)) {
        asked?.resolve();
        await answer?.promise;
      }
      ours.send(packet);
      if (!text.startsWith('42["delta"')) return;
      wire.revision = JSON.parse(text.slice(2))[1].revision;
      told?.resolve();
    });
    wire.send = (packet) => ours.send(packet);
  });
  return wire;
}

describe('an open page', () => {
  it('waits for its connection, and loses nothing of what arrives before it stands or while no one looks', async () => {
    const server = await serve(makeHome().data);
    await server.call('setup.set', { role: 'alone', complete: true });
    const page = await openPage();
    const asked: string[] = [];
    page.on('request', (request) => request.url().endsWith('/api/session') && asked.push(request.method()));
    const wire = await between(page);
    await page.goto(`${server.url}/library#token=${server.token}`);
    const frames = () =>
      page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    await page.getByRole('heading', { level: 1, name: 'Library' }).waitFor();
    await frames();
    await page.getByRole('status', { name: 'Loading' }).waitFor();
    await page.getByText('Connecting').waitFor();
    expect(await page.getByRole('alert').count()).toBe(0);
    expect(asked).toEqual(['POST']);

    wire.connect?.resolve();
    await wire.asked?.promise;
    await server.call('queue.pause');
    await wire.told?.promise;
    await frames();
    wire.answer?.resolve();
    await page.getByRole('link', { name: 'Dashboard' }).click();
    const [resume, pause] = ['Resume', 'Pause'].map((name) => page.getByRole('button', { name, exact: true }));
    await resume?.waitFor();
    await server.call('queue.resume');
    await pause?.waitFor();

    // A page in the background is given no frames.
    await page.evaluate(() => {
      window.requestAnimationFrame = () => 0;
    });
    for (let i = 1; i <= 60; i++) {
      const delta = { revision: wire.revision + i, files: [], many: false, paused: 'You paused it.' };
      wire.send(`42${JSON.stringify(['delta', delta])}`);
    }
    await resume?.waitFor();
  });

  it('shows work as it continues, in every browser, and what a user does about it', async () => {
    const { data, media } = makeHome();
    makeClip(path.join(media, 'Night ferry.mp4'), { seconds: 40 });
    makeClip(path.join(media, 'The long tide.mp4'), { seconds: 40, modified: new Date() });
    const server = await serve(data, TINY, { env: slowEncodes().env });
    await server.call('setup.set', { role: 'alone', complete: true });
    const [page, other] = [await enter(server), await enter(server, '/library')];
    await page.getByText('Nothing to convert yet.').waitFor();
    await server.call('library.add', { path: media });
    const [library] = await server.call('library.list');
    await server.call('library.scan', { library: library?.id });

    await page.getByText(/^1 video running on 1 computer/).waitFor();
    await page.getByText('Encoding', { exact: true }).waitFor();
    await page.getByText(/^\d+\.\d× real time$/).waitFor();
    await page.waitForFunction(() => /^\d+% · Dashboard · Flotilla$/.test(document.title));
    await other.getByText(/^Encoding \d+%$/).waitFor();

    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('menuitem', { name: /^Pause now/ }).click();
    await page.getByRole('complementary', { name: 'Paused' }).getByText('Paused by you.').waitFor();
    await other.getByRole('complementary', { name: 'Paused' }).waitFor();
    await page.waitForFunction(() => document.title.startsWith('Paused, '));
    expect(await page.locator('link[rel="icon"]').getAttribute('data-state')).toBe('paused');
    await page.getByRole('button', { name: 'Resume', exact: true }).click();
    await page.getByText(/^1 video running/).waitFor();

    await page.getByRole('button', { name: 'Actions for Night ferry.mp4' }).click();
    await page.getByRole('menuitem', { name: 'Cancel conversion' }).click();
    await other.getByRole('row').filter({ hasText: 'Night ferry' }).getByText('Skipped').waitFor();
    await page.getByText('The long tide.mp4').first().waitFor();
  });

  it('says that the master is gone, greys what may be old, and comes back automatically', async () => {
    expectComplaints(/WebSocket|ERR_CONNECTION|Failed to fetch/);
    const { data } = makeHome();
    const server = await serve(data);
    await server.call('setup.set', { role: 'alone', complete: true });
    const page = await enter(server);
    await page.getByText('Nothing to convert yet.').waitFor();
    // Its parts come after what it shows first.
    await page.waitForLoadState('networkidle');
    const port = new URL(server.url).port;
    server.flotilla.kill('SIGKILL');
    await server.flotilla.end();
    await page.getByText('Reconnecting… Data may be out of date.').waitFor();
    expect(await page.locator('.stale').count()).toBe(1);
    await serve(data, ['--port', port]);
    await page.getByText('Reconnecting…').waitFor({ state: 'hidden' });
    await page.getByText('Nothing to convert yet.').waitFor();
    expect(await page.locator('.stale').count()).toBe(0);
  });
});
