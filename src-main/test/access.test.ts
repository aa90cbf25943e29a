/** Who gets in, by password, key, cookie and token, and who is kept out. */
import { statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { io, type Socket } from 'socket.io-client';
import { afterAll, describe, expect, it } from 'vitest';
import { CSRF_HEADER } from '../../src-shared/contract/csrf-header.ts';
import { run } from './support/cli.ts';
import { query } from './support/database.ts';
import { type Server, serve } from './support/server.ts';
import { makeHome } from './support/temp.ts';
import { until } from './support/wait.ts';

const PASSWORD = 'correct horse';
const sockets: Socket[] = [];
afterAll(() => {
  for (const socket of sockets) socket.disconnect();
});

/** A browser: it keeps its cookie and sends what a page of the server sends. */
class Browser {
  readonly #server: Server;
  cookie = '';

  constructor(server: Server) {
    this.#server = server;
  }

  async ask(method: string, place: string, body?: unknown, headers: Record<string, string> = {}) {
    const response = await fetch(`${this.#server.url}${place}`, {
      method,
      headers: {
        'content-type': 'application/json',
        [CSRF_HEADER]: '1',
        ...(this.cookie && { cookie: this.cookie }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const [set] = response.headers.getSetCookie();
    if (set) this.cookie = set.split(';')[0] ?? '';
    const { status, headers: told } = response;
    return { status, set: set ?? '', retryAfter: told.get('retry-after'), body: await response.json() };
  }

  signIn(credentials: object) {
    return this.ask('POST', '/api/session', credentials);
  }

  rpc(name: string, input: object = {}, headers: Record<string, string> = {}) {
    return this.ask('POST', `/api/rpc/${name}`, input, headers);
  }

  /** Resolves when the server let this browser's socket in; rejects with its sentence otherwise. */
  connect(): Promise<Socket> {
    const socket = io(this.#server.url, {
      reconnection: false,
      transports: ['websocket'],
      extraHeaders: { cookie: this.cookie },
      auth: { live: true },
    });
    sockets.push(socket);
    return new Promise((resolve, reject) => {
      socket.on('connect', () => resolve(socket));
      socket.on('connect_error', reject);
    });
  }
}

/** A new server whose user has set a password, with the browser that did. */
async function withPassword() {
  const home = makeHome();
  const server = await serve(home.data);
  const browser = new Browser(server);
  await browser.signIn({ key: server.setup });
  await browser.rpc('access.setPassword', {
    password: PASSWORD,
    keep: (await browser.ask('GET', '/api/session')).body.session,
  });
  return { ...home, server, browser };
}

describe('the set-up address', () => {
  it('the set-up address signs one browser in, and each start prints a new one until a password is set', async () => {
    const { data } = makeHome();
    const server = await serve(data);
    expect(server.setup).toMatch(/^[\w-]{43}$/);
    const browser = new Browser(server);
    expect(await browser.ask('GET', '/api/session')).toMatchObject({ body: { session: null, password: false } });
    const { status, set, body } = await browser.signIn({ key: server.setup });
    expect(status).toBe(200);
    expect(body).toMatchObject({ session: expect.any(String), password: false });
    expect(set).toMatch(/; HttpOnly/);
    expect(set).toMatch(/; SameSite=Strict/);
    expect(await browser.rpc('library.list')).toMatchObject({ status: 200, body: [] });
    const second = await new Browser(server).signIn({ key: server.setup });
    expect(second).toMatchObject({ status: 401, set: '', body: { sentence: expect.stringMatching(/already used/) } });

    server.flotilla.kill('SIGTERM');
    await server.flotilla.end();
    const again = await serve(data);
    expect(again.setup).not.toBe(server.setup);
    expect(await new Browser(again).signIn({ key: server.setup })).toMatchObject({ status: 401 });
    const same = new Browser(again);
    same.cookie = browser.cookie;
    expect(await same.rpc('access.setPassword', { password: PASSWORD })).toMatchObject({ status: 200 });
    expect(await new Browser(again).signIn({ key: again.setup })).toMatchObject({ status: 401 });
    again.flotilla.kill('SIGTERM');
    await again.flotilla.end();
    expect((await serve(data)).setup).toBeUndefined();
  });
});

describe('a password', () => {
  it('a password signs in, and changing it signs out all other browsers', async () => {
    const { server, browser } = await withPassword();
    const other = new Browser(server);
    expect(await other.signIn({ password: 'wrong password' })).toMatchObject({
      status: 401,
      body: { sentence: 'The password is wrong.' },
    });
    expect(await other.signIn({ password: PASSWORD })).toMatchObject({ status: 200, body: { password: true } });
    const socket = await other.connect();
    const cut = new Promise((resolve) => socket.on('disconnect', resolve));
    const { session: keep } = (await browser.ask('GET', '/api/session')).body;
    const change = (input: object) => browser.rpc('access.setPassword', { password: 'another one', keep, ...input });
    expect(await change({})).toMatchObject({ status: 401, body: { sentence: 'The current password is wrong.' } });
    expect(await change({ old: 'wrong' })).toMatchObject({ status: 401 });
    expect(await change({ old: PASSWORD, password: 'short' })).toMatchObject({
      status: 400,
      body: { sentence: expect.stringMatching(/at least 8 characters/) },
    });
    expect(await change({ old: PASSWORD })).toMatchObject({ status: 200 });
    await cut;
    expect(await other.rpc('library.list')).toMatchObject({
      status: 401,
      body: { sentence: expect.stringMatching(/^Sign in first/) },
    });
    await expect(other.connect()).rejects.toThrow(/^Sign in first/);
    expect(await browser.rpc('library.list')).toMatchObject({ status: 200 });
    expect(await other.signIn({ password: PASSWORD })).toMatchObject({ status: 401 });
    expect(await other.signIn({ password: 'another one' })).toMatchObject({ status: 200 });
  });

  it('forget-password removes a forgotten password on the computer itself', async () => {
    const { data, server, browser } = await withPassword();
    const { code, stdout } = await run(['forget-password', '--data', data]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Password removed\..*can set a new one\.$/);
    expect(await browser.rpc('library.list')).toMatchObject({ status: 401 });
    expect(await browser.signIn({ password: PASSWORD })).toMatchObject({ status: 401 });
    server.flotilla.kill('SIGTERM');
    await server.flotilla.end();
    expect((await serve(data)).setup).toBeDefined();
    const nowhere = await run(['forget-password', '--data', path.join(data, 'none')]);
    expect(nowhere).toMatchObject({ code: 1, stderr: expect.stringMatching(/^There is no Flotilla in/) });
  });

  it('five wrong passwords lock their address out for a while', async () => {
    const { data, server, browser } = await withPassword();
    const guesser = new Browser(server);
    // Right ones are no guesses.
    for (let i = 0; i < 6; i++) expect(await guesser.signIn({ password: PASSWORD })).toMatchObject({ status: 200 });
    for (let i = 0; i < 5; i++) expect(await guesser.signIn({ password: `guess ${i}` })).toMatchObject({ status: 401 });
    const limited = await guesser.signIn({ password: PASSWORD });
    expect(limited).toMatchObject({
      status: 429,
      body: { code: 'limited', sentence: expect.stringMatching(/wait a minute/) },
    });
    expect(Number(limited.retryAfter)).toBeGreaterThan(0);
    expect(Number(limited.retryAfter)).toBeLessThanOrEqual(60);
    expect(await browser.rpc('library.list')).toMatchObject({ status: 200 });
    for (const wrong of [{}, { password: '' }, { password: 7 }, { password: PASSWORD, key: 'x' }]) {
      expect((await new Browser(server).signIn(wrong)).status).toBeGreaterThanOrEqual(400);
    }
    const stored = JSON.stringify([query(data, 'SELECT * FROM facts'), query(data, 'SELECT * FROM sessions')]);
    expect(stored).not.toContain(PASSWORD);
    expect(stored).not.toContain(browser.cookie.split('=')[1]);
  });
});

describe('a session', () => {
  it("a page of another site can't use a session", async () => {
    const { server, browser } = await withPassword();
    const raw = (headers: Record<string, string>) =>
      fetch(`${server.url}/api/rpc/queue.pause`, {
        method: 'POST',
        headers: { cookie: browser.cookie, 'content-type': 'application/json', ...headers },
        body: '{}',
      });
    expect(await raw({})).toMatchObject({ status: 401 });
    expect(await raw({ 'content-type': 'text/plain' })).toMatchObject({ status: 401 });
    expect(await browser.rpc('queue.pause', {}, { origin: 'http://evil.example' })).toMatchObject({ status: 401 });
    expect(
      await fetch(`${server.url}/api/session`, { method: 'DELETE', headers: { cookie: browser.cookie } }),
    ).toMatchObject({
      status: 401,
    });
    expect(await server.call('queue.summary')).toMatchObject({ paused: null });
    expect(await raw({ [CSRF_HEADER]: '1' })).toMatchObject({ status: 200 });
  });

  it('a session survives a restart, and ends by signing out or by its age', async () => {
    const { data, server, browser } = await withPassword();
    const other = new Browser(server);
    await other.signIn({ password: PASSWORD });
    const { sessions } = (await browser.rpc('access.get')).body;
    expect(sessions).toHaveLength(2);
    expect(await other.ask('DELETE', '/api/session')).toMatchObject({ status: 200, body: { session: null } });
    expect(await other.rpc('library.list')).toMatchObject({ status: 401 });

    server.flotilla.kill('SIGTERM');
    await server.flotilla.end();
    const again = await serve(data);
    const back = new Browser(again);
    back.cookie = browser.cookie;
    expect(await back.rpc('library.list')).toMatchObject({ status: 200 });
    const db = new Database(path.join(data, 'flotilla.db'));
    db.prepare('UPDATE sessions SET expires = ?').run(Date.now() - 1);
    db.close();
    expect(await back.rpc('library.list')).toMatchObject({ status: 401 });
    expect(await back.ask('GET', '/api/session')).toMatchObject({ body: { session: null, password: true } });
  });

  it('another browser ends one session or all of them, with their connections', async () => {
    const { server, browser } = await withPassword();
    const { session: mine } = (await browser.ask('GET', '/api/session')).body;
    const [one, two] = [new Browser(server), new Browser(server)];
    const ids = await Promise.all(
      [one, two].map(async (b) => (await b.signIn({ password: PASSWORD })).body.session as string),
    );
    const connected = await Promise.all([one, two].map((b) => b.connect()));
    expect(await browser.rpc('access.signOut', { session: ids[0] })).toMatchObject({ body: { signedOut: 1 } });
    await until(() => expect(connected.map((s) => s.connected)).toEqual([false, true]));
    expect(await browser.rpc('access.signOut', { session: ids[0] })).toMatchObject({ status: 404 });
    expect(await browser.rpc('access.signOut', { keep: mine })).toMatchObject({ body: { signedOut: 1 } });
    await until(() => expect(connected.map((s) => s.connected)).toEqual([false, false]));
    expect(await browser.rpc('library.list')).toMatchObject({ status: 200 });
    expect(await browser.rpc('access.signOut', { keep: null })).toMatchObject({ body: { signedOut: 1 } });
    expect(await browser.rpc('library.list')).toMatchObject({ status: 401 });
  });
});

describe('a token', () => {
  it('a token lets a script in until it is revoked, and is shown once', async () => {
    const { data, server, browser } = await withPassword();
    const { id, token } = (await browser.rpc('access.createToken', { name: 'backup script' })).body;
    const ask = () => fetch(`${server.url}/api/rpc/library.list`, { headers: { authorization: `Bearer ${token}` } });
    expect(await ask()).toMatchObject({ status: 200 });
    const socket = io(server.url, { reconnection: false, transports: ['websocket'], auth: { token } });
    sockets.push(socket);
    await new Promise((resolve, reject) => {
      socket.on('connect', () => resolve(undefined));
      socket.on('connect_error', reject);
    });
    const { tokens } = (await browser.rpc('access.get')).body;
    expect(tokens).toEqual([{ id, name: 'backup script', createdAt: expect.any(Number), usedAt: expect.any(Number) }]);
    expect(JSON.stringify(query(data, 'SELECT * FROM tokens'))).not.toContain(token);
    expect(await browser.rpc('access.removeToken', { id })).toMatchObject({ status: 200 });
    expect(await browser.rpc('access.removeToken', { id })).toMatchObject({ status: 404 });
    expect(await ask()).toMatchObject({ status: 401 });
    expect(socket.connected).toBe(true);
    socket.emit('rpc', 'library.list', {}, () => undefined);
    await until(() => expect(socket.connected).toBe(false));
  });

  it('an empty token file after a power cut grants no access and is replaced', async () => {
    const { data } = makeHome();
    const first = await serve(data);
    first.flotilla.kill('SIGTERM');
    await first.flotilla.end();
    writeFileSync(path.join(data, 'token'), '');
    const server = await serve(data);
    expect(server.token).toMatch(/^[\w-]{43}$/);
    expect(statSync(path.join(data, 'token')).mode & 0o777).toBe(0o600);
    const nobody = io(server.url, { reconnection: false, transports: ['websocket'], auth: { token: '' } });
    sockets.push(nobody);
    await new Promise((resolve) => nobody.on('connect_error', resolve));
    expect(await server.call('library.list')).toEqual([]);
  });
});
