/** The server as browsers, scripts and strangers meet it. */
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { type IncomingHttpHeaders, request } from 'node:http';
import { createConnection } from 'node:net';
import path from 'node:path';
import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONTRACT, type FileChanged } from '../../src-shared/contract/index.ts';
import type { RunningView } from '../../src-shared/jobs/lease.ts';
import { run, TINY } from './support/cli.ts';
import { makeClip } from './support/clips.ts';
import { query } from './support/database.ts';
import { slowCalls, slowEncodes } from './support/ffmpeg.ts';
import { filesIn, treeOf } from './support/files.ts';
import { lead, type Server, serve } from './support/server.ts';
import { makeHome } from './support/temp.ts';
import { isAlive, until } from './support/wait.ts';

const sockets: Socket[] = [];
afterAll(() => {
  for (const socket of sockets) socket.disconnect();
});

let home: ReturnType<typeof makeHome>;
let server: Server;
beforeAll(async () => {
  home = makeHome();
  server = await serve(home.data, TINY);
});

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** A request with any headers, also those that fetch reserves for browsers. */
function ask(place: string, headers: Record<string, string> = {}, method = 'GET', body = ''): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(new URL(place, server.url), { method, headers }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

const json = { 'content-type': 'application/json' };
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const call = (name: string, body: string, token = server.token) =>
  ask(`/api/rpc/${name}`, { ...bearer(token), ...json }, 'POST', body);

/** A refusal: a status of the caller's fault, and one sentence. */
function expectRefusal({ status, body }: Answer, wanted: number, sentence: RegExp): void {
  const told = JSON.parse(body) as { sentence: string };
  expect({ status, told }).toMatchObject({ status: wanted, told: { sentence: expect.stringMatching(sentence) } });
  expect(told.sentence).toMatch(/^[A-Z“"A-Za-z/].*[.…]$/);
  expect(told.sentence).not.toMatch(/\n| {4}at /);
}

function connect(options: Partial<ManagerOptions & SocketOptions>): Socket {
  const socket = io(server.url, { reconnection: false, transports: ['websocket'], ...options });
  sockets.push(socket);
  return socket;
}

const refused = (socket: Socket) =>
  new Promise<string>((resolve, reject) => {
    socket.on('connect', () => reject(new Error('it was let in')));
    socket.on('connect_error', (error) => resolve(error.message));
  });

describe('a stranger', () => {
  it('a stranger learns name, version, and role, and nothing else', async () => {
    const { status, body } = await ask('/api/status');
    expect(status).toBe(200);
    expect(Object.keys(JSON.parse(body)).sort()).toEqual(['name', 'role', 'version']);
  });

  const guarded = Object.keys(CONTRACT);
  it.for(guarded)("a stranger can't call %s without a token, or with a wrong one", async (name) => {
    for (const headers of [{}, bearer('wrong'), bearer(''), { authorization: server.token }]) {
      for (const method of ['GET', 'POST']) {
        expectRefusal(await ask(`/api/rpc/${name}`, { ...json, ...headers }, method), 401, /need a valid token/);
      }
    }
    expectRefusal(await ask(`/api/rpc/${name}?token=${server.token}`), 401, /need a valid token/);
  });

  it("a stranger can't open a socket without a token, or with a wrong one", async () => {
    for (const auth of [{}, { token: 'wrong' }, { token: [server.token] }]) {
      expect(await refused(connect({ auth }))).toMatch(/need a valid token/);
    }
  });

  it('requests for another host name are rejected', async () => {
    for (const host of ['evil.example', `evil.example:${new URL(server.url).port}`, '127.0.0.1.evil.example']) {
      for (const place of ['/', '/api/status', '/api/rpc/library.list']) {
        expectRefusal(await ask(place, { host, ...bearer(server.token) }), 401, /Cross-origin request rejected/);
      }
      const socket = connect({ auth: { token: server.token }, extraHeaders: { host } });
      expect(await refused(socket)).toMatch(/error/);
    }
    const port = new URL(server.url).port;
    for (const host of [`localhost:${port}`, `127.0.0.1:${port}`]) {
      expect((await ask('/api/status', { host })).status).toBe(200);
    }
  });

  it('requests of another origin are rejected', async () => {
    for (const origin of ['http://evil.example', 'null', server.url.replace(/:\d+$/, ':1')]) {
      const answer = await ask('/api/rpc/library.list', { origin, ...bearer(server.token) });
      expectRefusal(answer, 401, /Cross-origin request rejected/);
      const socket = connect({ auth: { token: server.token }, extraHeaders: { origin } });
      expect(await refused(socket)).toMatch(/error/);
    }
    const own = await ask('/api/rpc/library.list', { origin: server.url, ...bearer(server.token) });
    expect(own.status).toBe(200);
  });

  it("a stranger can't read the token from the disk, or files beside the interface", async () => {
    expect(statSync(path.join(home.data, 'token')).mode & 0o777).toBe(0o600);
    for (const place of ['/..%2f..%2fpackage.json', '/%2e%2e/%2e%2e/package.json', '/../main/headless.js', '/.env']) {
      const { status, body } = await ask(place);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(body).not.toMatch(/flotilla/);
    }
  });
});

describe('the interface', () => {
  it('the interface has a policy that allows no inline code or style, and nothing from other origins', async () => {
    const { status, headers, body } = await ask('/');
    expect(status).toBe(200);
    expect(body).toMatch(/<div id="root">/);
    const policy = String(headers['content-security-policy']);
    expect(policy).toMatch(/default-src 'self'/);
    expect(policy).not.toMatch(/unsafe-inline|unsafe-eval|https:/);
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['x-powered-by']).toBeUndefined();
    const [script] = /\/assets\/[^"]+\.js/.exec(body) ?? [];
    expect((await ask(script ?? '/none')).status).toBe(200);
  });

  it('the interface is sent compressed, and its parts are requested once', async () => {
    const { body } = await ask('/');
    const parts = [...body.matchAll(/\/assets\/[^"]+\.(?:js|css)/g)].map(([part]) => part);
    expect(parts.length).toBeGreaterThan(1);
    const sizes = await Promise.all(
      parts.map(async (part) => {
        const { status, headers, body: packed } = await ask(part, { 'accept-encoding': 'br' });
        expect([status, headers['cache-control']]).toEqual([200, 'public, max-age=31536000, immutable']);
        return [packed.length, (await ask(part)).body.length] as const;
      }),
    );
    const [travelled = 0, whole = 0] = [0, 1].map((i) => sizes.reduce((sum, size) => sum + (size[i] ?? 0), 0));
    expect(travelled).toBeLessThan(whole / 3);
  });
});

describe('a user', () => {
  it('a user calls by POST, and by GET if the call only reads', async () => {
    const posted = await call('library.list', '{}');
    expect(posted).toMatchObject({ status: 200, body: '[]' });
    expect(await ask('/api/rpc/library.list', bearer(server.token))).toMatchObject({ status: 200, body: '[]' });
    const input = encodeURIComponent(JSON.stringify({ limit: 1 }));
    expect((await ask(`/api/rpc/file.list?input=${input}`, bearer(server.token))).status).toBe(200);
    expectRefusal(await ask('/api/rpc/queue.pause', bearer(server.token)), 400, /takes POST/);
    expectRefusal(await ask('/api/rpc/library.list', bearer(server.token), 'DELETE'), 400, /takes POST or GET/);
  });

  it('an invalid request is answered with the fault', async () => {
    expectRefusal(await call('library.add', '{"path":'), 400, /JSON/);
    expectRefusal(await call('library.add', '7'), 400, /Invalid request for library\.add/);
    expectRefusal(await call('library.add', '{}'), 400, /Invalid request for library\.add: path: /);
    expectRefusal(await call('library.add', '{"path":"/","bogus":1}'), 400, /bogus/);
    expectRefusal(await call('library.add', '{"path":"/no/such/folder"}'), 400, /Couldn't open .* \(ENOENT\)/);
    expectRefusal(await call('file.list', '{"limit":501}'), 400, /limit/);
    expectRefusal(await call('file.get', '{"file":12345}'), 404, /There is no file 12345/);
    expectRefusal(await call('settings.set', '{"values":{"preset":14}}'), 400, /preset is "14", but must be/);
    expectRefusal(await call('settings.set', '{"values":{"bogus":1}}'), 400, /no setting called bogus/);
    expectRefusal(await call('settings.set', '{"values":{"ffmpegPath":"/tmp"}}'), 400, /with FFMPEG_PATH or --ffmpeg/);
    expectRefusal(await ask('/api/rpc/file.list?input={', bearer(server.token)), 400, /JSON/);
    expectRefusal(await ask('/api/bogus'), 404, /There is nothing at \/api\/bogus/);
    for (const name of ['bogus', '__proto__', 'constructor', 'toString', '%00']) {
      expectRefusal(await call(name, '{}'), 404, /Unknown call/);
    }
    expectRefusal(await call('library.add', JSON.stringify({ path: 'x'.repeat(1_100_000) })), 400, /too large/);
    expectRefusal(await call('library.add', '{"path":"a\\u0000b"}'), 400, /path: it has a NUL in it/);
  });

  const workerCalls = Object.entries(CONTRACT).filter(([, spec]) => spec.access === 'worker');
  it.for(workerCalls.map(([name]) => name))("a user can't make the worker call %s", async (name) => {
    expectRefusal(await call(name, '{"worker":"me"}'), 404, /Unknown call/);
    const socket = connect({ auth: { token: server.token } });
    expect(await socket.emitWithAck('rpc', name, { worker: 'me' })).toMatchObject({ ok: false, code: 'missing' });
  });

  it('a user has the same contract on a socket', async () => {
    const socket = connect({ auth: { token: server.token } });
    const rpc = (...args: unknown[]) => socket.timeout(10_000).emitWithAck('rpc', ...args);
    expect(await rpc('library.list', {})).toEqual({ ok: true, output: [] });
    expect(await rpc('library.add', {})).toMatchObject({
      ok: false,
      code: 'usage',
      sentence: expect.stringMatching(/path/),
    });
    expect(await rpc('file.get', { file: 1 })).toMatchObject({ ok: false, code: 'missing' });
    expect(await rpc('__proto__', {})).toMatchObject({ ok: false, code: 'missing' });
    expect(await rpc({}, {})).toMatchObject({ ok: false, code: 'missing' });
    expect(await rpc('library.list', null)).toMatchObject({ ok: false, code: 'usage' });
    // Without anybody to answer to, nothing happens.
    socket.emit('rpc', 'queue.pause', {});
    expect(await rpc('queue.summary', {})).toMatchObject({ output: { paused: null } });
  });

  it('a message that is too large closes its connection, and the server keeps running', async () => {
    const socket = connect({ auth: { token: server.token } });
    const gone = new Promise((resolve) => socket.on('disconnect', resolve));
    socket.emit('rpc', 'library.add', { path: 'x'.repeat(1_100_000) }, () => undefined);
    await gone;
    expect((await ask('/api/status')).status).toBe(200);
  });

  it('a user receives the events of a conversion as it happens', async () => {
    const socket = connect({ auth: { token: server.token } });
    const states: string[] = [];
    const stages = new Set<string>();
    let idle = false;
    socket.on('file', (file: FileChanged) => states.push(`${file.path} ${file.state}`));
    socket.on('progress', (running: RunningView) => stages.add(running.progress.stage));
    socket.on('idle', () => {
      idle = true;
    });
    makeClip(path.join(home.media, 'video.mp4'));
    await server.call('library.add', { path: home.media });
    const [library] = await server.call('library.list');
    await server.call('library.scan', { library: library?.id });
    await until(() => expect(states.at(-1)).toBe('video.mkv done'));
    expect(states).toEqual([
      'video.mp4 queued',
      'video.mp4 running',
      'video.mp4 running',
      'video.mp4 running',
      'video.mkv done',
    ]);
    expect([...stages]).toEqual(['preparing', 'encoding', 'staging', 'checking', 'replacing']);
    await until(() => expect(idle).toBe(true));
    const [file] = await server.call('file.list', { state: 'done' });
    const { attempts } = await server.call('file.get', { file: file?.id });
    expect(attempts).toMatchObject([{ outcome: 'done', log: expect.stringMatching(/^ffmpeg /) }]);
    expect(await server.call('queue.summary')).toMatchObject({ counts: { done: 1 }, running: [], paused: null });
  });
});

describe('the process', () => {
  it('a port in use and an invalid address are reported in a sentence', async () => {
    const other = makeHome();
    const taken = await run(['serve', '--data', other.data, '--port', new URL(server.url).port]);
    expect(taken.code).toBe(1);
    expect(taken.stderr).toMatch(
      /^Flotilla can't listen on 127\.0\.0\.1, port \d+ \(it is in use by another program\); .*--port\.$/,
    );
    const nowhere = await run(['serve', '--data', other.data, '--port', '0', '--listen', '192.0.2.1']);
    expect(nowhere.code).toBe(1);
    expect(nowhere.stderr).toMatch(/^Flotilla can't listen on 192\.0\.2\.1, .*\.$/);
  });

  /** Where a video is: the program that is at work on it, and an argument that tells its call from others. */
  const ENDS = [
    { when: 'a first look', signal: 'SIGINT', program: 'ffprobe', call: '-show_chapters', state: 'found' },
    {
      when: 'the preparation of',
      signal: 'SIGTERM',
      program: 'ffprobe',
      call: 'packet=stream_index,pts_time',
      state: 'queued',
    },
    { when: 'an encode of', signal: 'SIGINT', program: 'ffmpeg', call: 'libsvtav1 ', state: 'queued' },
    {
      when: 'a check of',
      signal: 'SIGTERM',
      program: 'ffmpeg',
      call: '-xerror',
      state: 'running',
      kept: ['kept.json', 'result'],
    },
  ] as const;
  it.for(ENDS)('a process ended by $signal with its children in $when a video leaves no trace', async (end) => {
    const { data, media } = makeHome();
    makeClip(path.join(media, 'video.mp4'), { seconds: 10 });
    const before = treeOf(media);
    const slow = slowCalls(end.program, end.call);
    const mine = await lead(data, TINY, { env: { ...slow.env, MEDIA_DIRS: media } });
    expect(existsSync(path.join(data, 'instance.json'))).toBe(true);
    // A page that sleeps: it never says that it has heard of the end.
    const headers = { upgrade: 'websocket', connection: 'upgrade', 'sec-websocket-version': '13' };
    const page = request(new URL('/socket.io/?EIO=4&transport=websocket', mine.url), {
      headers: { ...headers, 'sec-websocket-key': Buffer.alloc(16).toString('base64') },
    });
    page.on('error', () => undefined).end();
    await once(page, 'upgrade');
    // As browsers keep in stock.
    const connection = createConnection(Number(new URL(mine.url).port), '127.0.0.1');
    await once(connection, 'connect');
    await until(() => expect(slow.pids()).not.toEqual([]));
    // As a terminal and a logout do.
    mine.flotilla.kill(end.signal);
    for (const pid of slow.pids()) process.kill(pid, end.signal);
    await until(() => expect(connection.closed).toBe(true), 25_000);
    expect((await mine.flotilla.end()).code).toBe(0);
    expect(treeOf(media)).toEqual(before);
    expect(slow.pids().filter(isAlive)).toEqual([]);
    expect(query(data, 'SELECT state, code FROM files')).toEqual([{ state: end.state, code: null }]);
    const spent = query<{ outcome: string }>(data, "SELECT outcome FROM attempts WHERE outcome = 'failed'");
    expect(spent).toEqual([]);
    // A whole result is checked when the program comes back.
    const left = filesIn(data).filter((file) => /^(temp|children)/.test(file));
    expect(left.map((file) => path.basename(file))).toEqual('kept' in end ? end.kept : []);
    expect(existsSync(path.join(data, 'instance.json'))).toBe(false);
    await expect(fetch(mine.url)).rejects.toThrow();
  });

  it('a killed process takes its ffmpeg with it, and the next start continues', async ({ skip }) => {
    skip(process.platform !== 'linux', 'only Linux kills the children of a killed process');
    const { data, media } = makeHome();
    makeClip(path.join(media, 'video.mp4'), { seconds: 10 });
    const slow = slowEncodes();
    const mine = await serve(data, TINY, { env: { ...slow.env, MEDIA_DIRS: media } });
    await until(async () => {
      const { running } = await mine.call('queue.summary');
      expect(running[0]?.progress.frame ?? 0).toBeGreaterThan(0);
    });
    mine.flotilla.kill('SIGKILL');
    await mine.flotilla.end();
    await until(() => expect(slow.pids().filter(isAlive)).toEqual([]));
    expect(filesIn(media)).toEqual(['.flotilla/owner.json', 'video.mp4']);

    const again = await serve(data, TINY, { env: { MEDIA_DIRS: media } });
    await until(async () => expect((await again.call('queue.summary')).counts.done).toBe(1));
    await until(() => expect(filesIn(path.join(data, 'temp'))).toEqual([]));
  });
});
