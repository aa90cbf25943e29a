/** Folders that are dropped on the window of the desktop program. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeClip } from '../../src-main/test/support/clips.ts';
import { ELECTRON, NO_ELECTRON } from '../../src-main/test/support/electron.ts';
import { makeHome } from '../../src-main/test/support/temp.ts';
import { until } from '../../src-main/test/support/wait.ts';
import { launch, pageOf, quit } from './desktop.ts';

describe.skipIf(!ELECTRON)(`the desktop program (${NO_ELECTRON})`, () => {
  it('takes several folders that are dropped on its first run', async () => {
    const { data, media } = makeHome();
    const series = path.join(path.dirname(media), 'series & more');
    mkdirSync(series);
    makeClip(path.join(media, 'Night ferry.mp4'));
    const desktop = await launch(data);
    const page = await pageOf(desktop);
    await page.getByRole('button', { name: /^Use this computer/ }).click();
    await page.getByText(', or drop them here').waitFor();

    const field = page.getByRole('textbox', { name: 'Path' });
    const { x, y } = (await field.boundingBox()) ?? { x: 0, y: 0 };
    const session = await page.context().newCDPSession(page);
    // As the system reports a drag from its file manager.
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
      const dragged = { items: [], files: [media, series], dragOperationsMask: 1 };
      await session.send('Input.dispatchDragEvent', { type, x: x + 4, y: y + 4, data: dragged });
    }
    const chosen = page.getByRole('list', { name: 'Chosen folders' });
    for (const folder of [media, series]) await chosen.getByText(folder, { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Continue with 2 folders' }).click();
    await page.getByText('Videos to convert').first().waitFor();
    await until(async () =>
      expect((await desktop.call('library.list')).map(({ root }) => root).sort()).toEqual([media, series].sort()),
    );
    await quit(desktop);
    expect(await desktop.ended).toBe(0);
  });
});
