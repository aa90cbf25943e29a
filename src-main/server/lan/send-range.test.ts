import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import express from 'express';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sendRange } from './send-range.ts';

const SIZE = 1_200_000;
const content = randomBytes(SIZE);
const folder = mkdtempSync(path.join(os.tmpdir(), 'flotilla-range-'));
const app = express();
app.get('/:name', (request, response) => {
  const file = path.join(folder, request.params.name);
  return sendRange(request, response, { file, size: SIZE, etag: '"1:1"' });
});
const server = app.listen(0, '127.0.0.1');
const at = (name: string) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/${name}`;

beforeAll(async () => {
  writeFileSync(path.join(folder, 'video'), content);
  writeFileSync(path.join(folder, 'short'), content.subarray(0, SIZE / 2));
  if (!server.listening) await once(server, 'listening');
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
  rmSync(folder, { recursive: true });
});

const ask = (headers: Record<string, string> = {}, method = 'GET') => fetch(at('video'), { method, headers });
const bytesOf = async (answer: Response) => Buffer.from(await answer.arrayBuffer());

it('gives out the whole and any one range of it', async () => {
  const whole = await ask();
  expect([whole.status, whole.headers.get('etag')]).toEqual([200, '"1:1"']);
  expect((await bytesOf(whole)).equals(content)).toBe(true);
  for (const [range, start, end] of [
    ['bytes=700001-', 700_001, SIZE],
    ['bytes=5-5', 5, 6],
    ['bytes=-3', SIZE - 3, SIZE],
  ] as const) {
    const part = await ask({ range, 'if-range': '"1:1"' });
    expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes ${start}-${end - 1}/${SIZE}`]);
    expect((await bytesOf(part)).equals(content.subarray(start, end))).toBe(true);
  }
});

it('gives out no range of another version, and the whole where it cannot tell which one is meant', async () => {
  for (const headers of [
    { range: 'bytes=5-', 'if-range': '"2:2"' },
    { range: 'bytes=0-1,8-9' },
    { range: 'videos=1-2' },
    { range: 'nonsense' },
  ]) {
    const answer = await ask(headers);
    expect([headers, answer.status]).toEqual([headers, 200]);
    expect(await bytesOf(answer)).toHaveLength(SIZE);
  }
  const beyond = await ask({ range: `bytes=${SIZE}-` });
  expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, `bytes */${SIZE}`]);
  const head = await ask({}, 'HEAD');
  expect([head.status, head.headers.get('content-length')]).toEqual([200, String(SIZE)]);
});

it('cuts the connection where the file is shorter than it was, and refuses one that is not there', async () => {
  await expect(fetch(at('short')).then(bytesOf)).rejects.toThrow();
  expect((await fetch(at('gone'))).status).toBe(500);
});
