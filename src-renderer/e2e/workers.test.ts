/** Two computers become acquainted on their own screens. */
import { expect, it } from 'vitest';
import { lead, makeHome, serve, TINY, until } from '../../src-main/test/helpers.ts';
import { enter, openPage, seriousFindings } from './browser.ts';

it('a computer joins by six digits on both screens, rests, and is removed', async () => {
  const master = await lead(makeHome().data, TINY);
  const other = await serve(makeHome().data, ['--name', 'attic', '--lan-port', '0', ...TINY]);
  const [here, there] = [await enter(master, '/workers'), await openPage()];
  await there.goto(`${other.url}/#setup=${other.setup}`);

  await there.getByRole('button', { name: /^Join a master/ }).click();
  await there.getByRole('textbox', { name: 'Address of the master' }).fill(master.lan);
  await there.getByRole('button', { name: 'Join', exact: true }).click();
  const digits = await there.getByRole('status', { name: 'Six digits to compare' }).textContent();
  expect(digits).toMatch(/^\d{3} \d{3}$/);
  expect(await seriousFindings(there)).toEqual([]);

  const asking = here.getByRole('listitem').filter({ hasText: 'attic asks to join' });
  await asking.getByText(digits ?? '').waitFor();
  expect(await seriousFindings(here)).toEqual([]);
  await asking.getByRole('button', { name: 'Approve' }).click();
  await there.getByText('This computer converts films for it.').waitFor();
  const card = here.getByRole('article', { name: 'attic' });
  await card.getByText('Idle').waitFor();

  await card.getByRole('button', { name: 'Actions for attic' }).click();
  await here.getByRole('menuitem', { name: 'Settings' }).click();
  const settings = here.getByRole('dialog', { name: 'Settings of attic' });
  await settings.getByRole('textbox', { name: 'Films at a time' }).fill('2');
  expect(await seriousFindings(here)).toEqual([]);
  await settings.getByRole('button', { name: 'Save' }).click();
  await until(async () => {
    const worker = (await master.call('worker.list')).find(({ name }) => name === 'attic');
    expect(worker?.settings).toMatchObject({ jobs: 2, bandwidth: null, schedule: null });
  });

  await card.getByRole('button', { name: 'Actions for attic' }).click();
  await here.getByRole('menuitem', { name: 'Pause now' }).click();
  await card.getByText(/^Paused/).waitFor();
  await card.getByRole('button', { name: 'Actions for attic' }).click();
  await here.getByRole('menuitem', { name: 'Remove' }).click();
  await here.getByRole('button', { name: 'Remove attic' }).click();
  await card.waitFor({ state: 'detached' });
  await there
    .locator('#page')
    .getByText(/does not know this computer/)
    .waitFor();
  await there.getByRole('button', { name: 'Choose another one' }).click();
  await there.getByRole('textbox', { name: 'Address of the master' }).waitFor();
});

it('a computer that works alone leads others at a click, and says how they join', async () => {
  const server = await serve(makeHome().data, ['--name', 'nas', '--lan-port', '0', ...TINY]);
  const page = await enter(server, '/workers');
  await page.getByRole('button', { name: 'Add a computer' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add a computer' });
  await dialog.getByRole('button', { name: 'Lead other computers' }).click();
  // On the computer itself, neither its display name nor what only it can reach is an address for others.
  await dialog.getByText(/takes the address/).waitFor();
  const { address, lanPort } = await server.call('hello');
  expect(address).not.toMatch(/^(nas|localhost|127\..*)$/);
  await dialog.getByText(`takes the address ${address}:${lanPort}.`).waitFor();
  await dialog.getByRole('button', { name: 'Make a join token' }).click();
  await dialog.getByText(/^flotilla worker --master \S+:\d+ --token [\w-]{64}$/).waitFor();
  expect(await seriousFindings(page)).toEqual([]);
});
