/** What becomes of the ffmpeg that a release is to carry, against a server that is good or bad to us. */
import { createHash } from 'node:crypto';
import { createWriteStream, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { execa } from 'execa';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ZipFile } from 'yazl';
import { sha256, treeOf } from './support/files.ts';
import { tempFolder } from './support/temp.ts';

const SCRIPT = path.resolve(import.meta.dirname, '../../build/fetch-ffmpeg.mjs');
const REAL_PINS = path.resolve(import.meta.dirname, '../../resources/ffmpeg.json');
const PROGRAMS = { ffmpeg: 'build-1/bin/ffmpeg', ffprobe: 'build-1/bin/ffprobe' };

let archive: Buffer;
let good: string;
let server: Server;
let origin: string;
let work: { pins: string; into: string; folder: string };

/** What the server does with a request, by its address. */
const BEHAVIOURS: Record<string, (body: Buffer) => { status?: number; length?: number; body: Buffer }> = {
  '/good.zip': (body) => ({ body }),
  '/truncated.zip': (body) => ({ length: body.length, body: body.subarray(0, body.length / 2) }),
  '/short.zip': (body) => ({ body: body.subarray(0, body.length / 2) }),
  '/long.zip': (body) => ({ body: Buffer.concat([body, Buffer.from('more')]) }),
  '/tampered.zip': (body) => ({ body: Buffer.from(body).fill(0x21, 60, 61) }),
  '/gone.zip': () => ({ status: 404, body: Buffer.from('Not Found') }),
};

beforeAll(async () => {
  const zip = new ZipFile();
  for (const [name, place] of Object.entries(PROGRAMS)) zip.addBuffer(Buffer.from(`#!/bin/sh\necho ${name}\n`), place);
  zip.addBuffer(Buffer.alloc(100_000, 'a manual\n'), 'build-1/doc/manual.txt', { compress: false });
  zip.end();
  const file = path.join(tempFolder(), 'good.zip');
  await pipeline(zip.outputStream, createWriteStream(file));
  archive = readFileSync(file);
  good = sha256(file);
  server = createServer(({ url = '' }, response) => {
    const {
      status = 200,
      body,
      length = body.length,
    } = BEHAVIOURS[url]?.(archive) ?? { status: 404, body: Buffer.of() };
    response.writeHead(status, { 'content-length': length });
    response.end(body, () => length !== body.length && response.destroy());
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

beforeEach(() => {
  const home = tempFolder();
  work = { pins: path.join(home, 'pins.json'), into: path.join(home, 'ffmpeg'), folder: '' };
  work.folder = path.join(work.into, 'linux-x64');
});

function pin(file: string, hash: string | null = good, programs: Record<string, string> = PROGRAMS): void {
  const archives = [{ url: `${origin}/${file}`, sha256: hash, programs }];
  writeFileSync(work.pins, JSON.stringify({ 'linux-x64': { version: '1.0', archives } }));
}

const fetchIt = (...more: string[]) => {
  const args = [SCRIPT, '--platform', 'linux', '--arch', 'x64', '--pins', work.pins, '--into', work.into, ...more];
  return execa(process.execPath, args, { reject: false });
};

describe('fetch-ffmpeg', () => {
  it('unpacks the pinned programs, ready to run, and does nothing the second time', async () => {
    pin('good.zip');
    expect(await fetchIt()).toMatchObject({ exitCode: 0 });
    expect(readdirSync(work.folder).sort()).toEqual(['build.json', 'ffmpeg', 'ffprobe']);
    expect((await execa(path.join(work.folder, 'ffprobe'))).stdout).toBe('ffprobe');
    expect(JSON.parse(readFileSync(path.join(work.folder, 'build.json'), 'utf8'))).toMatchObject({ version: '1.0' });
    const { ino } = statSync(work.folder);
    expect((await fetchIt()).stderr).toMatch(/is there already/);
    expect(statSync(work.folder).ino).toBe(ino);
  });

  it.each([
    ['truncated.zip', /could not be downloaded \(.*\); try again/],
    ['short.zip', /is not the file .* Nothing was kept of it/],
    ['long.zip', /is not the file/],
    ['tampered.zip', /is not the file/],
    ['gone.zip', /could not be downloaded \(the server answered 404\)/],
  ])('refuses %s with one sentence, and leaves what was there', async (file, sentence) => {
    mkdirSync(work.folder, { recursive: true });
    writeFileSync(path.join(work.folder, 'ffmpeg'), 'the old one');
    const before = treeOf(work.into);
    pin(file);
    const { exitCode, stderr } = await fetchIt();
    expect(exitCode).toBe(1);
    expect(stderr.split('\n').at(-1)).toMatch(sentence);
    expect(treeOf(work.into)).toEqual(before);
  });

  it('refuses a valid archive without the programs', async () => {
    pin('good.zip', good, { ffmpeg: 'elsewhere/ffmpeg' });
    expect(await fetchIt()).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/holds no elsewhere\/ffmpeg/) });
    expect(readdirSync(work.into)).toEqual([]);
  });

  it('refuses a build without a hash until --pin has written it', async () => {
    pin('good.zip', null);
    expect(await fetchIt()).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/has no SHA-256 for .* --pin/),
    });
    expect(existsSync(work.into)).toBe(false);
    expect(await fetchIt('--pin')).toMatchObject({ exitCode: 0, stderr: expect.stringContaining(good) });
    expect(readFileSync(work.pins, 'utf8')).toContain(`"sha256": "${good}"`);
    expect((await fetchIt()).stderr).toMatch(/is there already/);
  });

  it('leaves no partial download when it is stopped', async () => {
    const stuck = createServer((_request, response) => {
      response.writeHead(200, { 'content-length': archive.length });
      response.write(archive.subarray(0, 1000));
    });
    await new Promise<void>((listening) => stuck.listen(0, '127.0.0.1', listening));
    const url = `http://127.0.0.1:${(stuck.address() as AddressInfo).port}/x.zip`;
    const archives = [{ url, sha256: good, programs: PROGRAMS }];
    writeFileSync(work.pins, JSON.stringify({ 'linux-x64': { version: '1.0', archives } }));
    const asked = new Promise((resolve) => stuck.once('request', resolve));
    const run = fetchIt();
    await asked;
    run.kill('SIGTERM');
    expect((await run).exitCode).toBe(143);
    expect(readdirSync(work.into)).toEqual([]);
    stuck.closeAllConnections();
    stuck.close();
  });
});

it('the builds of every platform of a release are pinned by version and hash', () => {
  const pins = JSON.parse(readFileSync(REAL_PINS, 'utf8')) as Record<
    string,
    { archives: { url: string; sha256: string; programs: Record<string, string> }[] }
  >;
  for (const platform of ['win32', 'darwin', 'linux'])
    for (const arch of ['x64', 'arm64']) {
      const { archives = [] } = pins[`${platform}-${arch}`] ?? {};
      const extension = platform === 'win32' ? '.exe' : '';
      const programs = archives.flatMap((one) => Object.keys(one.programs)).sort();
      expect(programs).toEqual([`ffmpeg${extension}`, `ffprobe${extension}`]);
      for (const { url, sha256: hash } of archives) {
        expect(url).toMatch(/^https:\/\/\S+\d\.\d\S*\.zip$/);
        expect(url).not.toContain('latest');
        expect(Buffer.from(hash, 'hex')).toHaveLength(createHash('sha256').digest().length);
      }
    }
});
