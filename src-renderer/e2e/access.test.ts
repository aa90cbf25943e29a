/** Who gets in, who does not, and who is put out. */
import { beforeAll, describe, expect, it } from 'vitest';
import { type Server, serve } from '../../src-main/test/support/server.ts';
import { makeHome } from '../../src-main/test/support/temp.ts';
import { enter, expectComplaints, openPage } from './browser.ts';

const PASSWORD = 'three boats under way';

let server: Server;
beforeAll(async () => {
  server = await serve(makeHome().data);
  await server.call('setup.set', { role: 'alone', complete: true });
});

async function signIn(password: string) {
  const page = await openPage();
  await page.goto(server.url);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  return page;
}

describe('a browser that is not signed in', () => {
  it('learns how to get in while there is no password', async () => {
    const page = await openPage();
    await page.goto(server.url);
    await page.getByText(/no password is set\. Open the address/).waitFor();
    expect(await page.getByRole('navigation').count()).toBe(0);
  });

  it('gets in with the password that was set, and not with another', async () => {
    const inside = await enter(server, '/settings/access');
    await inside.getByLabel('New password', { exact: true }).fill(PASSWORD);
    await inside.getByLabel('Confirm password', { exact: true }).fill('something else');
    await inside.getByText("Passwords don't match.").waitFor();
    await inside.getByLabel('Confirm password', { exact: true }).fill(PASSWORD);
    await inside.getByRole('button', { name: 'Set password' }).click();
    await inside.getByText('Password set.').waitFor();

    expectComplaints(/401/);
    const page = await signIn('not the password');
    await page.getByText('The password is wrong.').waitFor();
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Dashboard' }).waitFor();
    const [cookie] = await page.context().cookies();
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict' });
  });

  it('cannot change anything with a request that lacks the header of this page', async () => {
    expectComplaints(/401|403/);
    const page = await enter(server);
    const status = await page.evaluate(async () => {
      const response = await fetch('/api/rpc/queue.pause', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{}',
      });
      return response.status;
    });
    expect(status).toBe(401);
    expect((await server.call('queue.summary')).paused).toBeNull();
  });
});

describe('a browser that is signed in', () => {
  it('is put out at once when another one signs all others out', async () => {
    const one = await signIn(PASSWORD);
    await one.getByRole('heading', { name: 'Dashboard' }).waitFor();
    const other = await signIn(PASSWORD);
    await other.getByRole('heading', { name: 'Dashboard' }).waitFor();
    await other.goto(`${server.url}/settings/access`);
    await other.getByRole('button', { name: 'Sign out all others' }).click();
    await one.getByRole('button', { name: 'Sign in' }).waitFor();
    await other.getByRole('button', { name: 'Sign out', exact: true }).last().click();
    await other.getByRole('button', { name: 'Sign in' }).waitFor();
    await other.reload();
    await other.getByRole('button', { name: 'Sign in' }).waitFor();
  });

  it('makes a token for a script, which works until it is revoked', async () => {
    const page = await enter(server, '/settings/access');
    await page.getByLabel('Token name').fill('backup script');
    await page.getByRole('button', { name: 'Create token' }).click();
    await page.getByText('shown again').waitFor();
    const token = await page.locator('pre').textContent();
    const ask = () => fetch(`${server.url}/api/rpc/about`, { headers: { authorization: `Bearer ${token}` } });
    expect((await ask()).status).toBe(200);
    await page.getByRole('button', { name: 'Revoke', exact: true }).click();
    await page.getByRole('button', { name: 'Revoke token' }).click();
    await page.getByText('backup script').waitFor({ state: 'hidden' });
    expect((await ask()).status).toBe(401);
  });
});
