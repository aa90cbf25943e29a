/** What happened when, and the log: both are looked at in the browser, not on the computer. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { beforeAll, describe, expect, it } from 'vitest';
import { TINY } from '../../src-main/test/support/cli.ts';
import { makeClip } from '../../src-main/test/support/clips.ts';
import { type Server, serve } from '../../src-main/test/support/server.ts';
import { makeHome, tempFolder } from '../../src-main/test/support/temp.ts';
import { until } from '../../src-main/test/support/wait.ts';
import { enter, seriousFindings } from './browser.ts';

const CLIP = 'Night ferry.mp4';
const PASSWORD = 'three boats under way';

let server: Server;
beforeAll(async () => {
  const { data, media } = makeHome();
  makeClip(path.join(media, CLIP), { size: '128x72' });
  server = await serve(data, TINY);
  await server.call('setup.set', { role: 'alone', complete: true });
  const { library } = await server.call('library.add', { path: media });
  await server.call('library.scan', { library: library.id });
  await until(async () => expect((await server.call('queue.summary')).counts.done).toBe(1), 200_000);
  await server.call('settings.set', { values: { vaultDays: 9 } });
  await server.call('access.setPassword', { password: PASSWORD });
  await server.call('queue.pause', { now: true, until: null });
  await server.call('vault.restore', { all: true });
}, 250_000);

describe('the history', () => {
  it('says what happened and who did it, and leads to the video', async () => {
    const page = await enter(server, '/history');
    const row = (text: string | RegExp) => page.getByRole('listitem').filter({ hasText: text });
    await row(`Restored ${CLIP}.`).getByText('You', { exact: true }).waitFor();
    await row('Paused all conversions.').waitFor();
    await row('Set Vault retention (days) to 9.').waitFor();
    await row('Set the password.').waitFor();
    expect(await page.getByText(PASSWORD).count()).toBe(0);
    expect(await seriousFindings(page)).toEqual([]);
    await page.getByText('Conversions', { exact: true }).first().click();
    await row('Paused all conversions.').waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: /^Converted Night ferry\.mkv \(−/ }).click();
    await page.getByRole('dialog', { name: CLIP }).waitFor();
  });

  it('is searched', async () => {
    const page = await enter(server, '/history');
    await page.getByText('Paused all conversions.').waitFor();
    await page.getByRole('textbox', { name: 'Search the history' }).fill('RETENTION');
    await page.getByText('Paused all conversions.').waitFor({ state: 'hidden' });
    expect(await page.getByRole('listitem').count()).toBe(1);
    await page.getByRole('textbox', { name: 'Search the history' }).fill('nothing like it');
    await page.getByText('Nothing in the history matches.').waitFor();
  });
});

interface Zip {
  readEntry(): void;
  on(event: string, listener: (entry: { fileName: string }) => void): void;
  openReadStream(entry: object, opened: (error: Error | null, stream: Readable) => void): void;
}
/** It has no types of its own. */
const { fromBuffer } = createRequire(import.meta.url)('yauzl') as {
  fromBuffer(archive: Buffer, options: object, opened: (error: Error | null, zip: Zip) => void): void;
};

/** Every file of a ZIP archive. */
function unzip(archive: Buffer): Promise<Map<string, string>> {
  return new Promise((resolve, reject) => {
    const files = new Map<string, string>();
    fromBuffer(archive, { lazyEntries: true }, (error, zip) => {
      if (error) return reject(error);
      zip.on('entry', (entry) =>
        zip.openReadStream(entry, async (_, stream) => {
          files.set(entry.fileName, Buffer.concat(await stream.toArray()).toString());
          zip.readEntry();
        }),
      );
      zip.on('end', () => resolve(files));
      zip.readEntry();
    });
  });
}

describe('the log', () => {
  it('is searched, and shows what is of a level', async () => {
    const page = await enter(server, '/logs');
    await page.getByRole('list', { name: 'Log' }).getByText(CLIP).first().waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await page.getByRole('textbox', { name: 'Search the log' }).fill('no such line');
    await page.getByText('No lines match.').waitFor();
  });

  it('is downloaded whole, and with what a bug report needs, without a secret', async () => {
    const page = await enter(server, '/logs');
    const take = async (name: string) => {
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name }).click()]);
      const file = path.join(tempFolder(), download.suggestedFilename());
      await download.saveAs(file);
      return readFileSync(file);
    };
    expect((await take('Download log')).toString()).toContain(CLIP);
    const files = await unzip(await take('Support bundle'));
    expect([...files.keys()]).toEqual(expect.arrayContaining(['about.json', 'settings.get.json', 'doctor.json']));
    expect([...files.keys()].some((name) => name.startsWith('logs/'))).toBe(true);
    const all = [...files.values()].join();
    for (const secret of [server.token, PASSWORD]) expect(all).not.toContain(secret);
  });
});
