import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, isIP } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, it, onTestFinished } from 'vitest';
import { CSRF_HEADER } from '../../../src-shared/contract/csrf-header.ts';
import { startNode } from '../../app/start-node.ts';
import { makeLog } from '../../log/logger.ts';
import { ownAddress } from '../../platform/computer.ts';
import { freePort, tryConnect } from '../../test/support/ports.ts';
import { tempFolder } from '../../test/support/temp.ts';
import { EarlyServer } from './early-server.ts';

async function open(base = ''): Promise<{ door: EarlyServer; port: number }> {
  const port = await freePort();
  const door = await EarlyServer.open({ address: '127.0.0.1', port, base });
  onTestFinished(() => door.close());
  return { door, port };
}

it('gives its page at once, with the headers of every page and a nonce of its own', async () => {
  const { door } = await open('/videos');
  const pages = await Promise.all([1, 2].map(() => fetch(`${door.home}/`)));
  const nonces = pages.map(
    ({ headers }) => /style-src 'self' 'nonce-([^']+)'/.exec(headers.get('content-security-policy') ?? '')?.[1],
  );
  expect(new Set(nonces).size).toBe(2);
  const [page] = await Promise.all(pages.map((response) => response.text()));
  expect(page).toContain(`nonce="${nonces[0]}"`);
  expect(page).toContain('src="/videos/assets/');
  expect(pages[0]?.headers.get('cache-control')).toBe('no-store');
  expect(pages[0]?.headers.get('x-frame-options')).toBe('SAMEORIGIN');
  expect(pages[0]?.headers.has('cross-origin-opener-policy')).toBe(false);
});

it('the early server holds all other requests, bodies included, until the node takes over, and loses none', async () => {
  const { door, port } = await open();
  const order: string[] = [];
  const ask = async (name: string, url: string, init?: RequestInit) => {
    const answer = await (await fetch(url, init)).text();
    order.push(name);
    return answer;
  };
  const waiting = [
    ask('call', `${door.home}/api/session`, { method: 'POST', body: 'a key' }),
    ask('asset', `${door.home}/assets/x.js`),
    // The page under another name: whether that one is trusted is not for the door to say.
    ask('other name', `http://localhost:${port}/`),
  ];
  await ask('page', `${door.home}/`);
  expect(order).toEqual(['page']);
  const { server, release } = door.take();
  server.on('request', async (request, response) => response.end(`${request.url} ${await text(request)}`));
  release();
  expect(await Promise.all(waiting)).toEqual(['/api/session a key', '/assets/x.js ', '/ ']);
  expect(await ask('later', `${door.home}/`)).toBe('/ ');
});

it('is the one that is wanted at the same address, port and path only', async () => {
  const { door, port } = await open();
  const endpoint = { address: '127.0.0.1', port, base: '' };
  expect(door.isAt(endpoint)).toBe(true);
  for (const other of [{ address: '0.0.0.0' }, { port: port + 1 }, { base: '/videos' }])
    expect(door.isAt({ ...endpoint, ...other })).toBe(false);
});

it('sends away those that wait when it closes, and its port is free', async () => {
  const { door, port } = await open();
  const waiting = fetch(`${door.home}/api/session`);
  await Promise.all([expect(waiting).rejects.toThrow(), fetch(`${door.home}/`).then(() => door.close())]);
  const server = createServer().listen(port, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  expect((server.address() as AddressInfo).port).toBe(port);
});

it.skipIf(isIP(ownAddress()) === 0)('is closed to other computers until a node says who may come', async () => {
  const port = await freePort();
  const door = await EarlyServer.open({ address: '0.0.0.0', port, base: '' });
  onTestFinished(() => door.close());
  const from = `http://${ownAddress()}:${port}`;
  await expect(fetch(`${from}/api/hello`)).rejects.toThrow();
  const { server, release } = door.take();
  server.on('request', (_request, response) => response.end('here'));
  release();
  expect(await (await fetch(`${from}/api/hello`)).text()).toBe('here');
});

it('is not opened where another program listens', async () => {
  const { port } = await open();
  await expect(EarlyServer.open({ address: '127.0.0.1', port, base: '' })).rejects.toThrow(
    /it is in use by another program/,
  );
});

/** What the page asks first. */
const enter = ({ home, key }: EarlyServer): Promise<Response> =>
  fetch(`${home}/api/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', [CSRF_HEADER]: '1' },
    body: JSON.stringify({ key }),
  });

it('a node takes over the early server at its address, and signs in the early visitor once', async () => {
  const { door, port } = await open();
  const early = enter(door);
  const flags = { webPort: port };
  const node = await startNode({ dataDir: tempFolder(), serve: true, door, flags, log: await makeLog('silent') });
  onTestFinished(() => node.stop());
  expect(node.home()).toBe(door.home);
  expect((await early).status).toBe(200);
  expect((await enter(door)).status).toBe(401);
  expect((await fetch(`${door.home}/`)).headers.get('cross-origin-opener-policy')).toBe('same-origin');
});

it('is closed by a node that is wanted elsewhere', async () => {
  const { door, port } = await open();
  const turnedAway = expect(enter(door)).rejects.toThrow();
  const flags = { webPort: await freePort() };
  const node = await startNode({ dataDir: tempFolder(), serve: true, door, flags, log: await makeLog('silent') });
  onTestFinished(() => node.stop());
  await turnedAway;
  expect(await tryConnect(port)).toBe('ECONNREFUSED');
  expect(node.url).toBe(`http://127.0.0.1:${flags.webPort}`);
});
