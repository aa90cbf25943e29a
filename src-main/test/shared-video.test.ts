/** One video that several computers encode at once, by real processes. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ChunkList } from '../../src-shared/contract/index.ts';
import { run } from './support/cli.ts';
import { makeClip, OPEN_GOP } from './support/clips.ts';
import { makeGate, wrap } from './support/ffmpeg.ts';
import { filesIn, sha256 } from './support/files.ts';
import { allDone, attemptHistories, join, lead, type Master, viewOf } from './support/fleet.ts';
import { fromFirst, packetTimes } from './support/media-probe.ts';
import { makeHome, tempFolder } from './support/temp.ts';
import { isAlive, until } from './support/wait.ts';

const CHUNKS = { FLOTILLA_CHUNKS: '2' };
/** Videos travel, although all of this happens on one computer. */
const HTTP = { FILE_DISTRIBUTION_MODE: 'true' };
/** Has every encode leave its process number and command in a list, and run something else in its place if that is given. */
function recordEncodes(instead = '"$REAL" "$@"') {
  const list = path.join(tempFolder(), 'encodes');
  writeFileSync(list, '');
  const record = `if [ $encode = 1 ]; then echo "$$ $*" >> '${list}'; exec ${instead}; fi`;
  const env = wrap('ffmpeg', `${record}\nexec "$REAL" "$@"`);
  return { env: { ...env, ...CHUNKS }, encodes: () => readFileSync(list, 'utf8').split('\n').filter(Boolean) };
}

/** A library with one video of so many seconds, which are chunks of 2 s or a little more; the master knows it. */
async function addClip(master: Master, seconds: number): Promise<{ clip: string; times: number[] }> {
  const clip = makeClip(path.join(master.media, 'clip.mkv'), { seconds, options: OPEN_GOP });
  const times = packetTimes(clip, 0);
  const { library } = await master.call('library.add', { path: master.media });
  await master.call('library.scan', { library: library.id });
  return { clip, times };
}

async function listChunks(master: Master): Promise<ChunkList> {
  const [file] = await master.call('file.list');
  return master.call('chunk.list', { file: file?.id });
}

/** Resolves when helpers have uploaded so many chunks. */
async function uploaded(master: Master, count: number): Promise<ChunkList> {
  return until(async () => {
    const list = await listChunks(master);
    expect(list.chunks.filter(({ state }) => state === 'uploaded')).toHaveLength(count);
    return list;
  });
}

/** The result has every frame at its time, and nothing is left of the work. */
async function expectWhole(master: Master, { clip, times }: { clip: string; times: number[] }, folders: string[]) {
  await allDone(master, 1);
  expect(fromFirst(packetTimes(clip, 0))).toEqual(fromFirst(times));
  for (const folder of folders) await until(() => expect(filesIn(folder)).toEqual([]));
}

/** Where uploads of a master lie. */
const uploadsOf = (data: string) => filesIn(path.join(data, 'temp')).filter((file) => file.includes('-uploads')).length;

describe.skipIf(process.platform === 'win32')('a video on several computers', () => {
  it('a worker without shared storage encodes chunks of the video that the master converts', async () => {
    const gate = makeGate();
    const master = await lead(makeHome(), { env: { ...gate.env, ...CHUNKS } });
    await master.call('worker.resume', { worker: 'master' });
    const video = await addClip(master, 9);
    await gate.reached();
    const { encodes, env: recorded } = recordEncodes();
    const ben = await join(master, 'ben', { env: { ...recorded, ...HTTP } });

    // All but the first one: ben is faster than the master's own worker, so that gets not even the last.
    const { chunks, worker } = await uploaded(master, 3);
    expect(worker).toBe('master');
    expect(chunks.map(({ state, computers }) => `${state} ${computers.join()}`)).toEqual([
      'running master',
      ...Array.from({ length: 3 }, () => 'uploaded ben'),
    ]);
    const table = await run(['chunks', video.clip, '--data', master.data]);
    expect(table.stdout).toMatch(/uploaded\s.*ben/);
    const marked = await run(['chunks', video.clip, '--all-computers', '--data', master.data]);
    expect(marked.stdout).toMatch(/before they begin another video/);
    gate.open();
    await expectWhole(master, video, [path.join(ben.data, 'temp'), path.join(master.data, 'temp')]);

    expect(encodes()).toHaveLength(3);
    for (const command of encodes()) expect(command).not.toContain(`file:${video.clip}`);
    expect(await attemptHistories(master)).toEqual([['master done']]);
  });

  it("the master's own worker encodes chunks of the video that a worker converts", async () => {
    const { encodes, env: recorded } = recordEncodes();
    const master = await lead(makeHome(), { env: recorded });
    const gate = makeGate();
    await join(master, 'ben', { env: { ...gate.env, ...CHUNKS, ...HTTP } });
    const video = await addClip(master, 7);
    await gate.reached();
    await master.call('worker.resume', { worker: 'master' });
    await uploaded(master, 2);
    expect(uploadsOf(master.data)).toBe(2);
    gate.open();
    await expectWhole(master, video, [path.join(master.data, 'temp')]);
    expect(encodes()).toHaveLength(2);
    expect(await attemptHistories(master)).toEqual([['ben done']]);
  });

  it('another picture in the chunk of a helper is found by the proof, and costs neither the original nor the trust in the others', async () => {
    const gate = makeGate();
    const master = await lead(makeHome(), { env: { ...gate.env, ...CHUNKS } });
    await master.call('worker.resume', { worker: 'master' });
    const video = await addClip(master, 9);
    const original = sha256(video.clip);
    await gate.reached();
    // Every frame is there at its time, under the right hash.
    const lie = 'for a; do case $a in trim=*) a="negate,$a";; esac; set -- "$@" "$a"; shift; done';
    const { PATH } = wrap('ffmpeg', `[ $encode = 1 ] && { ${lie}; }\nexec "$REAL" "$@"`);
    await join(master, 'ben', { env: { PATH, ...CHUNKS, ...HTTP } });
    await uploaded(master, 3);
    await master.call('worker.pause', { worker: 'ben' });
    gate.open();
    await expectWhole(master, video, [path.join(master.data, 'temp')]);

    expect(await attemptHistories(master)).toEqual([['master failed', 'master done']]);
    const [{ id } = { id: 0 }] = await master.call('file.list');
    const { attempts } = await master.call('file.get', { file: id });
    expect(attempts[0]?.reason).toMatch(/another picture.* Other computers encoded parts of it/);
    const [entry] = await master.call('vault.list');
    const kept = path.join(master.media, '.flotilla/vault', `${entry?.id}.original`);
    expect(sha256(kept)).toBe(original);
  });

  it('a video is completed when its helper, which reads it in place, is killed in mid-chunk', async () => {
    const gate = makeGate();
    const master = await lead(makeHome(), { env: { ...gate.env, ...CHUNKS } });
    await master.call('worker.resume', { worker: 'master' });
    const video = await addClip(master, 7);
    await gate.reached();
    const { encodes, env } = recordEncodes('sleep 600');
    const ben = await join(master, 'ben', { env });
    await until(() => expect(encodes()).toHaveLength(1));
    expect(encodes()[0]).toContain(`file:${video.clip}`);
    expect((await viewOf(master, 'ben')).helping).toMatchObject([{ path: 'clip.mkv', worker: 'master' }]);
    ben.flotilla.kill('SIGKILL');
    await ben.flotilla.end();
    gate.open();
    await expectWhole(master, video, [path.join(master.data, 'temp')]);
    expect(
      encodes()
        .map((command) => Number.parseInt(command, 10))
        .filter(isAlive),
    ).toEqual([]);
    expect(await attemptHistories(master)).toEqual([['master done']]);
  });
});
