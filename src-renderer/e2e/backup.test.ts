/** The database, backed up and restored from a browser. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { serve } from '../../src-main/test/support/server.ts';
import { makeHome, tempFolder } from '../../src-main/test/support/temp.ts';
import { enter, expectComplaints } from './browser.ts';

describe('a backup', () => {
  it('is downloaded, and takes the place of the database at the next start', async () => {
    const { data } = makeHome();
    let server = await serve(data);
    await server.call('setup.set', { role: 'alone', complete: true });
    const values = async () => (await server.call('settings.get')).values;
    const page = await enter(server, '/settings/backup');
    await server.call('settings.set', { values: { vaultDays: 11 } });
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Download backup' }).click(),
    ]);
    const copy = path.join(tempFolder(), download.suggestedFilename());
    await download.saveAs(copy);
    await server.call('settings.set', { values: { vaultDays: 22 } });

    const wrong = path.join(tempFolder(), 'photo.db');
    writeFileSync(wrong, 'no database');
    const upload = async (file: string) => {
      await page.getByLabel('Backup file').setInputFiles(file);
      await page.getByRole('button', { name: 'Upload and restore' }).click();
    };
    expectComplaints(/409/);
    await upload(wrong);
    await page.getByText(/^This file isn't a valid database/).waitFor();
    await upload(copy);
    await page.getByText('Restart Flotilla to finish restoring').waitFor();
    expect((await values()).vaultDays).toBe(22);

    await page.close();
    server.flotilla.kill('SIGTERM');
    await server.flotilla.end();
    server = await serve(data);
    expect((await values()).vaultDays).toBe(11);
    expect((await server.call('backup.get')).pending).toBeNull();
  });
});
