/** The desktop, whose files are read by four threads, with more dead mounts than that. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { makeClip } from '../../src-main/test/support/clips.ts';
import { dieAt } from '../../src-main/test/support/dead-disk.ts';
import { CAN_MOUNT, NO_MOUNT } from '../../src-main/test/support/disk.ts';
import { ELECTRON, NO_ELECTRON } from '../../src-main/test/support/electron.ts';
import { makeHome } from '../../src-main/test/support/temp.ts';
import { answerDialogs, launch, pageOf, quit } from './desktop.ts';

it.skipIf(!ELECTRON || !CAN_MOUNT)(
  `keeps running, and quits, while five mounts do not answer (${NO_ELECTRON}; ${NO_MOUNT})`,
  async () => {
    const { data, media } = makeHome();
    const dead = Array.from({ length: 5 }, (_, i) => path.join(media, `dead${i}`));
    for (const folder of dead) mkdirSync(folder);
    makeClip(path.join(media, 'alive/video.mp4'));
    const env = { FLOTILLA_TERMS: '10000,60000,300000,200,60000,500' };
    const desktop = await launch(data, env);
    await pageOf(desktop);
    await desktop.call('library.add', { path: path.join(media, 'alive') });
    for (const folder of dead) await desktop.call('library.add', { path: folder });
    for (const folder of dead) await dieAt(folder);
    for (const { id, root } of await desktop.call('library.list'))
      if (dead.includes(root))
        await expect(desktop.call('library.scan', { library: id })).rejects.toThrow(/does not answer/);
    // Read from files, by the threads that are left.
    const page = await pageOf(desktop);
    await page.reload();
    await page.getByText('Connected', { exact: true }).waitFor();
    // The video may still be running, on a slow computer: stop now.
    await answerDialogs(desktop, { button: 1 });
    const began = performance.now();
    await quit(desktop);
    await desktop.ended;
    expect(performance.now() - began).toBeLessThan(20_000);
  },
  120_000,
);
