/** Pages that stay open while things happen: work, other users, a master that goes and comes back. */
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeClip, makeHome, serve, slowEncodes, TINY } from '../../src-main/test/helpers.ts';
import { enter, expectComplaints } from './browser.ts';

describe('an open page', () => {
  it('shows work as it goes on, in every browser, and what a user does about it', async () => {
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

    await page.getByText(/^1 film running on 1 computer/).waitFor();
    await page.getByText(/Encoding · \d/).waitFor();
    await other.getByText(/^Encoding \d+ %$/).waitFor();

    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('menuitem', { name: /^Pause now/ }).click();
    await page.getByText(/^Standing still: /).waitFor();
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.getByText(/^1 film running/).waitFor();

    await page.getByRole('button', { name: 'Actions for Night ferry.mp4' }).click();
    await page.getByRole('menuitem', { name: 'Cancel' }).click();
    await other.getByRole('row').filter({ hasText: 'Night ferry' }).getByText('Skipped').waitFor();
    await page.getByText('The long tide.mp4').first().waitFor();
  });

  it('says that the master is gone, greys what may be old, and comes back by itself', async () => {
    expectComplaints(/WebSocket|ERR_CONNECTION|Failed to fetch/);
    const { data } = makeHome();
    const server = await serve(data);
    await server.call('setup.set', { role: 'alone', complete: true });
    const page = await enter(server);
    await page.getByText('Nothing to convert yet.').waitFor();
    const port = new URL(server.url).port;
    server.flotilla.kill('SIGKILL');
    await server.flotilla.end();
    await page.getByText('does not answer. What you see may be old').waitFor();
    expect(await page.locator('.stale').count()).toBe(1);
    await serve(data, ['--port', port]);
    await page.getByText('does not answer').waitFor({ state: 'hidden' });
    await page.getByText('Nothing to convert yet.').waitFor();
    expect(await page.locator('.stale').count()).toBe(0);
  });
});
