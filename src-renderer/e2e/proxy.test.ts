/** The interface and other computers behind a real nginx, by a name and below a path. */
import path from 'node:path';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { start, TINY } from '../../src-main/test/support/cli.ts';
import { makeClip } from '../../src-main/test/support/clips.ts';
import { CAN_STREAM, readExamples, startNginx } from '../../src-main/test/support/nginx.ts';
import { freePort } from '../../src-main/test/support/ports.ts';
import { type LeadingServer, lead, type Server, serve } from '../../src-main/test/support/server.ts';
import { makeHome, tempFolder } from '../../src-main/test/support/temp.ts';
import { until } from '../../src-main/test/support/wait.ts';
import { CSRF_HEADER } from '../../src-shared/contract/csrf-header.ts';
import { openPage } from './browser.ts';

// Chromium finds every name under .localhost on this computer; Flotilla takes them for names of the internet.
const [NAME, SITE] = ['flotilla.localhost', 'site.localhost'];

let named: LeadingServer & { media: string };
let below: Server;
let [tls, stripped, lan] = [0, 0, 0];

beforeAll(async () => {
  [tls, stripped, lan] = [await freePort(), await freePort(), await freePort()];
  const [home, other] = [makeHome(), makeHome()];
  [named, below] = await Promise.all([
    lead(home.data, [...TINY, '--testing'], {
      env: { HOST_NAMES: NAME, TRUSTED_PROXIES: '192.0.2.0/24, 127.0.0.1', FILE_DISTRIBUTION_MODE: 'true' },
    }).then((server) => ({ ...server, media: home.media })),
    serve(other.data, [], { env: { HOST_NAMES: SITE, TRUSTED_PROXIES: '192.0.2.1', BASE_PATH: '/flotilla/' } }),
  ]);
  const [byName = '', byPath = '', stream = ''] = readExamples();
  const port = (server: Server) => server.url.split(':').at(-1)?.split('/')[0];
  const own = (text: string, server: Server) =>
    text
      .replace('listen 443 ssl', `listen 127.0.0.1:${tls} ssl`)
      .replace('flotilla.example.org', NAME)
      .replace(/^ *ssl_certificate .*\n *ssl_certificate_key .*$/m, 'CERTIFICATE')
      .replace('127.0.0.1:8090', `127.0.0.1:${port(server)}`);
  const taken = `location /flotilla/ { proxy_pass http://127.0.0.1:${port(named)}/; proxy_set_header X-Forwarded-Host $http_host; }`;
  await startNginx({
    http: `${own(byName, named)}
      server { listen 127.0.0.1:${tls} ssl; server_name ${SITE}; CERTIFICATE ${own(byPath, below)} }
      server { listen 127.0.0.1:${stripped}; server_name ${NAME} ${SITE};
        location /direct/ { proxy_pass http://127.0.0.1:${port(below)}/; proxy_set_header X-Forwarded-Host $http_host; }
        location /flotilla/ { ${own(byPath, below)
          .replace(/^location.*$/m, '')
          .replace(/}\s*$/, '')
          .replace(/(proxy_pass [^;]*);/, '$1/;')} }
        ${taken.replace('/flotilla/', '/named/')} }`,
    stream: CAN_STREAM ? stream.replace('8091', `127.0.0.1:${lan}`).replace('127.0.0.1:18091', named.lan) : '',
  });
});

/** Signs in with the set-up address and walks through the pages; all that the browser asks for has to come. */
async function walk(origin: string, base: string, server: Server): Promise<Page> {
  await server.call('setup.set', { role: 'alone', complete: true });
  const page = await openPage({ ignoreHTTPSErrors: true });
  const missed: string[] = [];
  page.on('response', (response) => {
    if (response.status() >= 400 || !new URL(response.url()).pathname.startsWith(`${base}/`))
      missed.push(response.url());
  });
  const socket = page.waitForEvent('websocket');
  await page.goto(`${origin}${base}/#token=${server.token}`);
  const places = page.getByRole('navigation', { name: 'Pages' });
  await places.waitFor();
  const { pathname, protocol } = new URL((await socket).url());
  expect([pathname, protocol]).toEqual([`${base}/socket.io/`, origin.startsWith('https') ? 'wss:' : 'ws:']);
  await page.goto(`${origin}${base}/workers`);
  await page.getByRole('heading', { level: 1, name: 'Workers' }).waitFor();
  await places.getByRole('link', { name: 'Insights' }).click();
  await page.getByRole('heading', { level: 1, name: 'Insights' }).waitFor();
  expect(page.url()).toBe(`${origin}${base}/insights`);
  // The connection is up: what happens is shown.
  await server.call('queue.pause', {});
  await places.getByRole('link', { name: 'Queue' }).click();
  await page.getByRole('button', { name: 'Resume' }).first().waitFor();
  await server.call('queue.resume', {});
  expect(missed).toEqual([]);
  return page;
}

const signIn = (server: Server, url: string, headers: Record<string, string>) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', [CSRF_HEADER]: '1', ...headers },
    body: JSON.stringify({ key: server.token }),
  });

describe('by a name of its own', () => {
  it('pages, cookie and live changes work over TLS', async () => {
    const page = await walk(`https://${NAME}:${tls}`, '', named);
    const [cookie] = await page.context().cookies();
    expect(cookie).toMatchObject({ secure: true, httpOnly: true, sameSite: 'Strict', path: '/', domain: NAME });
  });

  it('believes the proxy where the browser is', async () => {
    const forwarded = { 'x-forwarded-for': '203.0.113.7', 'x-forwarded-proto': 'https', 'x-forwarded-host': NAME };
    const answer = await signIn(named, `${named.url}/api/session`, forwarded);
    expect(answer.status).toBe(200);
    expect(answer.headers.getSetCookie()[0]).toMatch(/; Secure/);
    expect((await named.call('access.get')).sessions.map(({ address }) => address)).toContain('203.0.113.7');
    // The name that the browser asked for is what counts.
    const evil = { ...forwarded, 'x-forwarded-host': 'evil.example' };
    expect((await signIn(named, `${named.url}/api/session`, evil)).status).toBe(401);
    const direct = `http://127.0.0.1:${stripped}/named/api/session`;
    expect((await signIn(named, direct, { origin: 'http://evil.example' })).status).toBe(401);
    expect((await signIn(named, direct, { origin: `http://127.0.0.1:${stripped}` })).status).toBe(200);
  });
});

describe('below a path', () => {
  it('pages, cookie and live changes work where the proxy passes the path on', async () => {
    const page = await walk(`https://${SITE}:${tls}`, '/flotilla', below);
    const [cookie] = await page.context().cookies();
    expect(cookie).toMatchObject({ secure: false, path: '/flotilla', domain: SITE });
    await page.goto(`https://${SITE}:${tls}/flotilla/settings/general`);
    await page.getByRole('heading', { level: 1, name: 'Settings' }).waitFor();
  });

  it('and where it takes the path off', async () => {
    await walk(`http://${SITE}:${stripped}`, '/flotilla', below);
  });

  it('leads there from the root, which commands on this computer use', async () => {
    const page = await openPage();
    await page.goto(`${below.url}/workers#token=${below.token}`);
    await page.getByRole('heading', { level: 1, name: 'Workers' }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/flotilla/workers');
  });

  it('trusts only the proxy', async () => {
    const forwarded = { 'x-forwarded-for': '203.0.113.7', 'x-forwarded-proto': 'https' };
    const answer = await signIn(below, `${below.url}/api/session`, forwarded);
    expect(answer.headers.getSetCookie()[0]).not.toMatch(/Secure/);
    const { sessions } = await below.call('access.get');
    expect(new Set(sessions.map(({ address }) => address))).toEqual(new Set(['127.0.0.1']));
    // It is known as 127.0.0.1 only, whatever name is forwarded.
    const direct = `http://127.0.0.1:${stripped}/direct/api/session`;
    expect((await signIn(below, direct, { origin: `http://127.0.0.1:${stripped}` })).status).toBe(401);
  });
});

describe.skipIf(!CAN_STREAM)('other computers (needs nginx with its stream module)', () => {
  it('come through the proxy, fetch videos, and upload results', async () => {
    await named.call('worker.pause', { worker: 'nas' });
    const { token } = await named.call('invite.create', {});
    const data = path.join(tempFolder(), 'data');
    const address = ['--master', `localhost:${lan}`, '--token', token];
    const worker = start(['worker', '--data', data, '--name', 'garage', ...address]);
    makeClip(path.join(named.media, 'video.mp4'));
    const { library } = await named.call('library.add', { path: named.media });
    await named.call('library.scan', { library: library.id });
    await until(async () => expect((await named.call('queue.summary')).counts).toMatchObject({ done: 1 }));
    const [video] = await named.call('file.list', {});
    const { attempts } = await named.call('file.get', { file: video?.id ?? 0 });
    expect(attempts).toMatchObject([{ worker: 'garage' }]);
    worker.kill('SIGTERM');
    expect((await worker.end()).code).toBe(0);
  });
});
