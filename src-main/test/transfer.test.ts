/** Files between computers: a master as its users start it, and a worker whose every word the test chooses. */
import { randomBytes } from 'node:crypto';
import { appendFileSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { type Agent, request } from 'node:https';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Hello, PROTOCOL } from '../../src-shared/fleet/protocol.ts';
import type { Capabilities } from '../../src-shared/fleet/worker-info.ts';
import type { Grant } from '../../src-shared/jobs/lease.ts';
import type { ByteRange } from '../../src-shared/util/byte-ranges.ts';
import type { Fault } from '../../src-shared/util/errors.ts';
import { type Device, loadDevice } from '../lan/device-identity.ts';
import { DEFAULT_TOOLS, detectCapabilities } from '../media/ffmpeg/capabilities.ts';
import { ProcessManager } from '../media/ffmpeg/process-manager.ts';
import { Timelines } from '../media/ffmpeg/timeline.ts';
import { describeComputer } from '../platform/computer.ts';
import { Converter } from '../worker/encode/converter.ts';
import { join } from '../worker/session/join.ts';
import { JoinRequests } from '../worker/session/join-requests.ts';
import { type Master, MasterLink } from '../worker/session/master-link.ts';
import { Bandwidth } from '../worker/transfer/bandwidth.ts';
import { downloadFile } from '../worker/transfer/download.ts';
import { retryWhileLeased } from '../worker/transfer/retry.ts';
import { uploadFile } from '../worker/transfer/upload.ts';
import { TINY } from './support/cli.ts';
import { makeClip } from './support/clips.ts';
import { CuttingProxy } from './support/cutting-proxy.ts';
import { query } from './support/database.ts';
import { CAN_MOUNT, enlarge, NO_MOUNT, smallDisk } from './support/disk.ts';
import { sha256 } from './support/files.ts';
import { probe } from './support/media-probe.ts';
import { type LeadingServer, lead } from './support/server.ts';
import { makeHome, tempFolder } from './support/temp.ts';
import { until } from './support/wait.ts';

const cleanups: (() => void)[] = [];
afterAll(() => {
  for (const clean of cleanups.splice(0).reverse()) clean();
});

/** A worker of the test's own, known to the master. */
interface Hand {
  device: Device;
  master: Master;
  link: MasterLink;
}

let capabilities: Capabilities;
let processes: ProcessManager;
beforeAll(async () => {
  processes = await ProcessManager.create(path.join(tempFolder(), 'children'));
  capabilities = await detectCapabilities(processes, DEFAULT_TOOLS);
});

async function helloOf(device: Device): Promise<Hello> {
  const computer = await describeComputer(tempFolder(), capabilities, {});
  return { name: `hand ${device.id.slice(0, 6)}`, device: device.id, version: '0.1.0', protocol: PROTOCOL, computer };
}

async function makeHand(server: LeadingServer): Promise<Hand> {
  const device = await loadDevice(path.join(tempFolder(), 'device.pem'));
  const { token } = await server.call('invite.create', {});
  const hello = () => helloOf(device);
  const { signal } = new AbortController();
  const master = await join({
    address: server.lan,
    token,
    device,
    hello,
    onCode: () => undefined,
    asks: new JoinRequests(path.join(tempFolder(), 'asked')),
    signal,
  });
  return { device, master, link: await attach(master, device) };
}

async function attach(master: Master, device: Device): Promise<MasterLink> {
  const link = new MasterLink({ master, device, hello: () => helloOf(device), as: 'worker' });
  cleanups.push(() => link.stop());
  await until(() => expect(link.connected).toBe(true));
  return link;
}

/** Resolves when the link is up again and the master knows that the lease is still held. */
async function reattach(grant: Grant): Promise<void> {
  await until(() => hand.link.call('job.attach', { held: [leaseOf(grant)] }));
}

/** Holds a grant as a worker does, so that its lease lives on. */
async function lease({ link }: Hand): Promise<Grant> {
  await link.call('job.attach', { held: [] });
  return until(async () => {
    // Its results are no videos, and it returns most of them, so that it is asked.
    await link.call('worker.prove', { problem: null });
    return (await link.call('job.lease', {})) ?? Promise.reject(new Error('there is no work'));
  });
}

let home: ReturnType<typeof makeHome>;
let server: LeadingServer;
let hand: Hand;
let proxy: CuttingProxy;

const VIDEOS = 8;
/** Heartbeats and leases as always; what is returned again and again rests for a moment only. */
const TERMS = '10000,60000,300000,20';
/** Makes a few seconds a few megabytes. */
const NOISE = ['-vf', 'noise=alls=20:allf=t'];

async function startMaster(more: string[] = []): Promise<LeadingServer> {
  const leading = await lead(home.data, [...TINY, '--testing', ...more], { env: { FLOTILLA_TERMS: TERMS } });
  await leading.call('worker.pause', { worker: 'nas' });
  return leading;
}

beforeAll(async () => {
  home = makeHome();
  for (let i = 0; i < VIDEOS; i++) {
    makeClip(path.join(home.media, `video ${i} & co.mp4`), { seconds: 3, size: '640x360', options: NOISE });
  }
  server = await startMaster();
  const { library } = await server.call('library.add', { path: home.media });
  await server.call('library.scan', { library: library.id });
  await until(async () => expect((await server.call('queue.summary', {})).counts.queued).toBe(VIDEOS));
  hand = await makeHand(server);
  proxy = await CuttingProxy.to(Number(server.lan.split(':')[1]));
  cleanups.push(() => proxy.close());
});

const origin = () => `https://127.0.0.1:${proxy.port}`;
const videoOf = (grant: Grant) => path.join(home.media, grant.path);
const fileState = (grant: Grant) =>
  query<{ state: string }>(home.data, `SELECT state FROM files WHERE id = ${grant.file}`)[0]?.state;

interface Fetching {
  file?: string;
  range?: ByteRange;
  agent?: Agent;
  bandwidth?: Bandwidth;
  epoch?: number;
}

async function fetchVideo(grant: Grant, options: Fetching = {}): Promise<string> {
  const { file = path.join(tempFolder(), 'video'), agent = hand.link.agent, bandwidth = new Bandwidth() } = options;
  await downloadFile({
    url: `${origin()}/tasks/${grant.task}/source?epoch=${options.epoch ?? grant.epoch}`,
    agent,
    etag: `"${grant.version}"`,
    size: grant.size,
    file,
    range: options.range,
    bandwidth,
    signal: new AbortController().signal,
    onProgress: () => undefined,
  });
  return file;
}

/** Something that could be the result of a grant, but for its content. */
function makeResult(grant: Grant): string {
  const file = path.join(tempFolder(), 'result.mkv');
  writeFileSync(file, randomBytes(Math.floor(grant.size * 0.8)));
  return file;
}

function upload(grant: Grant, file: string, agent = hand.link.agent, signal = new AbortController().signal) {
  return retryWhileLeased(signal, () =>
    uploadFile({
      url: `${origin()}/uploads/${grant.task}-${grant.epoch}`,
      agent,
      file,
      bandwidth: new Bandwidth(),
      signal,
      onProgress: () => undefined,
    }),
  );
}

/** What a worker says with a result. */
const facts = { decodedFrames: [72], captionLines: 0, damaged: false, log: '' };

/** Ends a lease, so that the next test begins afresh. */
async function giveBack({ task, epoch }: Grant): Promise<void> {
  await hand.link.call('job.finish', { task, epoch, outcome: { kind: 'released' } });
}

/** How each attempt on a video ended. */
async function attemptsOf(grant: Grant): Promise<(string | null)[]> {
  const { attempts } = await server.call('file.get', { file: grant.file });
  return attempts.map(({ outcome }) => outcome);
}

/** Names in the folder where results arrive. */
function uploadsIn(data: string): string[] {
  const temp = path.join(data, 'temp');
  const [folder] = readdirSync(temp).filter((name) => name.endsWith('-uploads'));
  return folder ? readdirSync(path.join(temp, folder)) : [];
}

interface Answer {
  status: number;
  body: string;
}

/** A request of a worker, in its own words. */
function ask(
  method: string,
  route: string,
  {
    agent = hand.link.agent,
    headers = {},
    body,
  }: { agent?: Agent; headers?: Record<string, string>; body?: Buffer } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asking = request({ method, agent, host: '127.0.0.1', port: proxy.port, path: route, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
    });
    asking.on('error', reject);
    asking.end(body);
  });
}

const TUS = { 'tus-resumable': '1.0.0' };

describe('a video', () => {
  it('a video arrives byte for byte, also if most of it is there already', async () => {
    const grant = await lease(hand);
    const file = await fetchVideo(grant);
    expect(sha256(file)).toBe(sha256(videoOf(grant)));
    truncateSync(file, grant.size - 5);
    const before = proxy.down;
    await fetchVideo(grant, { file });
    expect(sha256(file)).toBe(sha256(videoOf(grant)));
    expect(proxy.down - before).toBeLessThan(grant.size / 2);
    await giveBack(grant);
  });

  it.each([{ percent: 1 }, { percent: 50 }, { percent: 99 }])(
    'a download cut at $percent percent continues where it stopped',
    async ({ percent }) => {
      const grant = await lease(hand);
      const before = proxy.down;
      proxy.cutAfter('down', (grant.size * percent) / 100);
      const file = await fetchVideo(grant);
      expect(proxy.armed).toBe(false);
      expect(sha256(file)).toBe(sha256(videoOf(grant)));
      // Little more than the video: what was under way in buffers when the cable was cut.
      expect(proxy.down - before).toBeLessThan(grant.size * 1.4 + 100_000);
      await giveBack(grant);
    },
  );

  it('a part of a video arrives at its place, also over a connection that is cut, and the rest of the file stays as it is', async () => {
    const grant = await lease(hand);
    const original = readFileSync(videoOf(grant));
    const [begin, end] = [Math.floor(grant.size / 4), Math.floor(grant.size / 2)];
    const file = await fetchVideo(grant, { range: [grant.size - 1000, grant.size] });
    expect(statSync(file).size).toBe(grant.size);
    const before = proxy.down;
    proxy.cutAfter('down', (end - begin) / 2);
    await fetchVideo(grant, { file, range: [begin, end] });
    expect(proxy.armed).toBe(false);
    expect(proxy.down - before).toBeLessThan((end - begin) * 1.4 + 100_000);
    const due = Buffer.alloc(grant.size);
    original.copy(due, begin, begin, end);
    original.copy(due, grant.size - 1000, grant.size - 1000);
    expect(readFileSync(file).equals(due)).toBe(true);
    await giveBack(grant);
  });

  it("a video that changes during its download ends the attempt, and its bytes aren't mixed with the old ones", async () => {
    const grant = await lease(hand);
    const slow = new Bandwidth();
    slow.limit(50_000);
    const fetching = fetchVideo(grant, { bandwidth: slow });
    const refused = expect(fetching).rejects.toMatchObject({ code: 'fenced' });
    await until(() => expect(proxy.down).toBeGreaterThan(0));
    appendFileSync(videoOf(grant), 'more');
    slow.limit(null);
    await refused;
    expect(['queued', 'found']).toContain(fileState(grant));
  });

  it("a video isn't sent without the lease for it", async () => {
    const grant = await lease(hand);
    const route = `/tasks/${grant.task}/source?epoch=${grant.epoch}`;
    const other = await makeHand(server);
    // What one returns is for the others.
    onTestFinished(() => other.link.stop());
    for (const [agent, place] of [
      [other.link.agent, route],
      [hand.link.agent, `/tasks/${grant.task}/source?epoch=${grant.epoch + 1}`],
      [hand.link.agent, `/tasks/${grant.task + 100}/source?epoch=1`],
    ] as const) {
      const { status, body } = await ask('GET', place, { agent });
      expect([place, status]).toEqual([place, 409]);
      expect(JSON.parse(body).code).toBe('fenced');
    }
    for (const place of [`/tasks/${grant.task}/source`, '/tasks/0/source?epoch=1', `${route}&epoch=2`]) {
      expect([place, (await ask('GET', place)).status]).toEqual([place, 400]);
    }
    for (const place of ['/tasks/..%2f..%2fetc%2fpasswd/source?epoch=1', '/tasks/../../etc/passwd', '/tasks']) {
      const { status, body } = await ask('GET', place);
      expect([place, status >= 400 && status < 500]).toEqual([place, true]);
      expect(body).not.toContain('root:');
    }
    await expect(fetchVideo(grant, { agent: other.link.agent })).rejects.toMatchObject({ code: 'fenced' });
    await giveBack(grant);
    expect((await ask('GET', route)).status).toBe(409);
  });

  it('a full disk of a worker is the fault of the worker, not of the video', async ({ skip }) => {
    skip(!CAN_MOUNT, NO_MOUNT);
    const grant = await lease(hand);
    const file = path.join(smallDisk(128), 'video');
    await expect(fetchVideo(grant, { file })).rejects.toMatchObject({ code: 'ENOSPC' });
    await giveBack(grant);
  });

  it('a download keeps to the bandwidth limit, which can be lifted during it', async () => {
    const grant = await lease(hand);
    const slow = new Bandwidth();
    slow.limit(1000);
    let arrived = false;
    const fetching = fetchVideo(grant, { bandwidth: slow }).finally(() => {
      arrived = true;
    });
    await fetchVideo(grant);
    expect(arrived).toBe(false);
    slow.limit(null);
    expect(sha256(await fetching)).toBe(sha256(videoOf(grant)));
    await giveBack(grant);
  });
});

describe('a result', () => {
  it.each([{ percent: 1 }, { percent: 50 }, { percent: 99 }])(
    'an upload cut at $percent percent continues where it stopped',
    async ({ percent }) => {
      const grant = await lease(hand);
      const file = makeResult(grant);
      const before = proxy.up;
      const { size } = statSync(file);
      proxy.cutAfter('up', (size * percent) / 100);
      await upload(grant, file);
      expect(proxy.armed).toBe(false);
      expect(proxy.up - before).toBeLessThan(size * 1.6 + 100_000);
      // It is whole: the master looks at what is in it, and finds that it is no video.
      await hand.link.call('job.deliver', { ...leaseOf(grant), sha256: sha256(file), ...facts });
      expect((await attemptsOf(grant)).at(-1)).toBe('failed');
      expect(uploadsIn(home.data)).toEqual([]);
      await server.call('file.retry', { files: [grant.file] });
    },
  );

  it('a result is accepted only if it is complete and undamaged', async () => {
    const grant = await lease(hand);
    const file = makeResult(grant);
    const deliver = (hash: string) => hand.link.call('job.deliver', { ...leaseOf(grant), sha256: hash, ...facts });
    await expect(deliver(sha256(file))).rejects.toMatchObject({ code: 'missing' });
    await upload(grant, file);
    await expect(deliver('0'.repeat(64))).rejects.toMatchObject({ code: 'conflict' });
    // What was damaged is gone and can be sent again.
    expect(uploadsIn(home.data)).toEqual([]);
    await upload(grant, file);
    const before = await attemptsOf(grant);
    await Promise.all([deliver(sha256(file)), deliver(sha256(file))]);
    await expect(deliver(sha256(file))).rejects.toMatchObject({ code: 'fenced' });
    // Said twice, it is dealt with once.
    expect(before.at(-1)).toBe(null);
    expect(await attemptsOf(grant)).toEqual([...before.slice(0, -1), 'failed']);
  });

  it('a result is accepted only from the holder of the lease, with its size, and from the byte where it stopped', async () => {
    const grant = await lease(hand);
    const route = `/uploads/${grant.task}-${grant.epoch}`;
    const other = await makeHand(server);
    // What one returns is for the others.
    onTestFinished(() => other.link.stop());
    const length = (bytes: number) => ({ headers: { ...TUS, 'upload-length': String(bytes) } });
    for (const method of ['POST', 'HEAD', 'PATCH']) {
      const { agent } = other.link;
      expect((await ask(method, route, { agent, ...length(10) })).status).toBe(409);
      const late = `/uploads/${grant.task}-${grant.epoch + 1}`;
      expect((await ask(method, late, length(10))).status).toBe(409);
    }
    expect((await ask('POST', route, length(grant.size + 1))).status).toBe(400);
    expect((await ask('POST', route, { headers: { ...TUS, 'upload-defer-length': '1' } })).status).toBe(400);
    expect((await ask('POST', route, length(10))).status).toBe(201);
    expect((await ask('POST', route, length(10))).status).toBe(409);
    const patch = (offset: number, body: Buffer) => {
      const headers = { ...TUS, 'upload-offset': String(offset), 'content-type': 'application/offset+octet-stream' };
      return ask('PATCH', route, { headers, body });
    };
    expect((await patch(5, Buffer.alloc(5))).status).toBe(409);
    expect((await patch(0, Buffer.alloc(11))).status).toBe(413);
    expect((await patch(0, Buffer.alloc(4))).status).toBe(204);
    expect((await patch(0, Buffer.alloc(4))).status).toBe(409);
    expect((await patch(4, Buffer.alloc(6))).status).toBe(204);
    // Nobody reads results, not even their makers.
    for (const method of ['GET', 'DELETE', 'PUT', 'OPTIONS'])
      expect((await ask(method, route, length(1))).status).toBe(404);
    for (const name of [`${grant.task}-${grant.epoch}.json`, '..%2fflotilla.db', '1-1%00', '-1-1', '1-1/..', '']) {
      const { status } = await ask('HEAD', `/uploads/${name}`, { headers: TUS });
      expect([name, status]).toEqual([name, 404]);
    }
    await giveBack(grant);
    await until(() => expect(uploadsIn(home.data)).toEqual([]));
  });

  it('the upload of an ended lease is cut off and removed immediately', async () => {
    const grant = await lease(hand);
    const file = makeResult(grant);
    const slow = new Bandwidth();
    slow.limit(20_000);
    const uploading = uploadFile({
      url: `${origin()}/uploads/${grant.task}-${grant.epoch}`,
      agent: hand.link.agent,
      file,
      bandwidth: slow,
      signal: new AbortController().signal,
      onProgress: () => undefined,
    });
    const cut = expect(uploading).rejects.toThrow();
    await until(() => expect(uploadsIn(home.data)).toHaveLength(2));
    await server.call('file.skip', { files: [grant.file] });
    await cut;
    await until(() => expect(uploadsIn(home.data)).toEqual([]));
    await expect(upload(grant, file)).rejects.toMatchObject({ code: 'fenced' });
  });
});

describe('what a worker says', () => {
  it('repeated and reordered messages of a worker convert a video once, and late ones are refused with a sentence', async () => {
    const { link } = hand;
    const say = (grant: Grant) => ({
      attach: () => link.call('job.attach', { held: [leaseOf(grant)] }),
      beat: () => link.call('job.beat', { held: [leaseOf(grant)] }),
      report: (share: number) =>
        link.call('job.progress', { ...leaseOf(grant), progress: { stage: 'encoding', share } }),
      giveBack: () =>
        link.call('job.finish', { ...leaseOf(grant), outcome: { kind: 'failed', reason: 'no', log: '' } }),
    });
    const codesOf = async (words: Promise<unknown>[]) =>
      (await Promise.allSettled(words)).map((end) => (end.status === 'fulfilled' ? 'heard' : end.reason.code));

    // That it holds nothing was true before its grant, and comes again.
    const old = say(await lease(hand));
    await link.call('job.attach', { held: [] });
    expect(await codesOf([old.report(0.1), old.giveBack(), old.report(0.2)])).toEqual(['fenced', 'fenced', 'fenced']);
    await expect(old.giveBack()).rejects.toThrow(/^This task was reassigned or canceled\. Its result/);

    const grant = await lease(hand);
    const { attach, beat, report, giveBack: late } = say(grant);
    const timelines = new Timelines(processes, DEFAULT_TOOLS);
    const converter = new Converter({ processes, tools: DEFAULT_TOOLS, caps: async () => capabilities, timelines });
    const { signal } = new AbortController();
    const work = { folder: tempFolder(), signal, report: () => undefined };
    const made = await converter.convert(grant, videoOf(grant), work);
    if (made.kind !== 'result') throw new Error(JSON.stringify(made));
    const { kind: _, file, ...told } = made;
    const deliver = () => link.call('job.deliver', { ...leaseOf(grant), sha256: sha256(file), ...told });
    expect(
      await codesOf([deliver(), report(0.9), attach(), report(0.1), beat(), deliver(), attach(), report(0.9)]),
    ).toEqual(['missing', 'heard', 'heard', 'heard', 'heard', 'missing', 'heard', 'heard']);
    for (let n = 0; n < 2; n++) await upload(grant, file);
    const during = await codesOf([deliver(), report(0.5), attach(), deliver(), beat(), report(0.1), attach()]);
    expect(new Set(during)).toEqual(new Set(['heard']));
    expect(await codesOf([deliver(), report(1), late(), upload(grant, file), deliver()])).toEqual(
      Array.from({ length: 5 }, () => 'fenced'),
    );
    for (const again of [attach, beat]) expect((await again()).lost).toEqual([leaseOf(grant)]);

    expect((await attemptsOf(grant)).filter((outcome) => outcome === 'done')).toEqual(['done']);
    expect(fileState(grant)).toBe('done');
    expect(probe(videoOf(grant).replace(/mp4$/, 'mkv')).streams[0]?.codec_name).toBe('av1');
    const kept = (await server.call('vault.list')).filter(({ original }) => original === videoOf(grant));
    expect(kept).toHaveLength(1);
    expect(uploadsIn(home.data)).toEqual([]);
  });
});

describe('a master', () => {
  it('a master killed during an upload continues it', async () => {
    const grant = await lease(hand);
    const file = makeResult(grant);
    const { size } = statSync(file);
    const before = proxy.up;
    const killed = until(() => expect(proxy.up - before).toBeGreaterThan(size / 2)).then(() =>
      server.flotilla.kill('SIGKILL'),
    );
    const port = server.lan.split(':')[1] ?? '';
    const slow = new Bandwidth();
    slow.limit(3_000_000);
    const { signal } = new AbortController();
    const url = `${origin()}/uploads/${grant.task}-${grant.epoch}`;
    const { agent } = hand.link;
    const uploading = retryWhileLeased(signal, () =>
      uploadFile({ url, agent, file, bandwidth: slow, signal, onProgress: () => undefined }),
    );
    await killed;
    await server.flotilla.end();
    slow.limit(null);
    server = await startMaster(['--lan-port', port]);
    await uploading;
    expect(proxy.up - before).toBeLessThan(size * 1.7 + 100_000);
    await reattach(grant);
    await hand.link.call('job.deliver', { ...leaseOf(grant), sha256: sha256(file), ...facts });
    expect((await attemptsOf(grant)).at(-1)).toBe('failed');
  });

  it('a master without room for a result accepts it once there is room', async ({ skip }) => {
    skip(!CAN_MOUNT, NO_MOUNT);
    const grant = await lease(hand);
    const file = makeResult(grant);
    await server.flotilla.kill('SIGTERM');
    await server.flotilla.end();
    const disk = smallDisk(4096);
    const before = readdirSync(path.join(home.data, 'temp'));
    expect(before).toContainEqual(expect.stringMatching(/-uploads$/));
    server = await startMaster(['--lan-port', server.lan.split(':')[1] ?? '', '--temp', disk]);
    // What lay in the folder of before would be found by nobody.
    expect(readdirSync(path.join(home.data, 'temp'))).toEqual([]);
    await reattach(grant);
    const once = new AbortController();
    const refused = (await uploadFile({
      url: `${origin()}/uploads/${grant.task}-${grant.epoch}`,
      agent: hand.link.agent,
      file,
      bandwidth: new Bandwidth(),
      signal: once.signal,
      onProgress: () => undefined,
    }).catch((error) => error)) as Fault;
    expect(refused.code).toBe('node');
    expect(refused.message).toMatch(/^The temporary folder .* free, but a result on its way here may need/);
    enlarge(disk, 400_000);
    await upload(grant, file);
    await giveBack(grant);
  });
});

const leaseOf = ({ task, epoch }: Grant) => ({ task, epoch });
