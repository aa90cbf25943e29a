/** What the pages say of videos that wait: what they will save, and how long that takes. */
import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { TINY } from '../../src-main/test/support/cli.ts';
import { makeClip } from '../../src-main/test/support/clips.ts';
import { type Server, serve } from '../../src-main/test/support/server.ts';
import { makeHome } from '../../src-main/test/support/temp.ts';
import { until } from '../../src-main/test/support/wait.ts';
import { enter, seriousFindings } from './browser.ts';

const NAMES = ['First.mp4', 'Second.mp4'];

let server: Server;
beforeAll(async () => {
  const { data, media } = makeHome();
  for (const name of NAMES) makeClip(path.join(media, name), { seconds: 12, options: ['-g', '24'] });
  server = await serve(data, TINY);
  await server.call('setup.set', { role: 'alone', complete: true });
  await server.call('queue.pause');
  const { library } = await server.call('library.add', { path: media });
  await server.call('library.scan', { library: library.id });
  await until(async () => expect((await server.call('queue.list')).total).toBe(NAMES.length));
});

it('the dashboard shows a forecast of the videos that wait, which samples make better', async () => {
  const page = await enter(server);
  await page.getByText(/^2 videos, .*: about .* \(± .*\) could be saved\.$/).waitFor();
  await page.getByText('This is a rule of thumb').waitFor();
  await page.getByRole('button', { name: 'Measure with samples' }).click();
  await page.getByText(/^It is learned from \d videos? that w.* converted or sampled\.$/).waitFor();
  await page.getByText(/could be saved in .* on one computer\.$/).waitFor();
  await page.getByRole('button', { name: 'Measure with samples' }).waitFor();
  expect(await seriousFindings(page)).toEqual([]);
});

it('the library shows what each video is expected to save, and is sorted by it', async () => {
  const { files } = await server.call('file.page', { filter: { search: 'First' } });
  await server.call('file.measure', { file: files[0]?.id ?? 0 });
  const page = await enter(server, '/library?sort=-expected');
  await page.getByText(/About .* could be saved/).waitFor();
  await page.getByText('First.mp4').click();
  const drawer = page.getByRole('dialog', { name: 'First.mp4' });
  await drawer.getByText(/^Expected size: .* \(± .*\), −\d+%, CRF about 63.*by samples of this video/).waitFor();
});
