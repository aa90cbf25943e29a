/** Helpers without shared storage, which fetch only what their chunks need of a video, by real processes. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeClip, OPEN_GOP } from './support/clips.ts';
import { makeGate, wrap } from './support/ffmpeg.ts';
import { filesIn } from './support/files.ts';
import { allDone, attemptHistories, join, lead } from './support/fleet.ts';
import { fromFirst, packetTimes } from './support/media-probe.ts';
import { makeHome, tempFolder } from './support/temp.ts';
import { until } from './support/wait.ts';

/** Has every encode note how many kB its source takes on the disk, and run something before. */
function recordSources(before = '') {
  const list = path.join(tempFolder(), 'sources');
  writeFileSync(list, '');
  const note = `for a; do case $a in file:*/source.*) du -k "\${a#file:}" >> '${list}';; esac; done`;
  const env = wrap('ffmpeg', `if [ $encode = 1 ]; then ${note}; ${before || ':'}; fi\nexec "$REAL" "$@"`);
  const kilobytes = () => readFileSync(list, 'utf8').split('\n').filter(Boolean).map(Number.parseFloat);
  return { env, kilobytes };
}

/**
 * A master that converts a clip of so many chunks of 4 s, the first of which it encodes itself, and a helper that encodes the others; its
 * encodes do something else before.
 * @returns the share of the video that the helper had at each encode
 */
async function help(name: string, chunks: number, before?: string): Promise<number[]> {
  const seconds = { FLOTILLA_CHUNKS: '4' };
  const gate = makeGate();
  const home = makeHome();
  const clip = makeClip(path.join(home.media, name), { seconds: 4 * chunks, options: OPEN_GOP });
  const { size } = statSync(clip);
  const times = packetTimes(clip, 0);
  const master = await lead(home, { env: { ...gate.env, ...seconds } });
  await master.call('worker.resume', { worker: 'master' });
  const { library } = await master.call('library.add', { path: master.media });
  await master.call('library.scan', { library: library.id });
  await gate.reached();
  const { env, kilobytes } = recordSources(before);
  const ben = await join(master, 'ben', { env: { ...env, ...seconds, FILE_DISTRIBUTION_MODE: 'true' } });
  await until(async () => {
    const [file] = await master.call('file.list');
    const list = await master.call('chunk.list', { file: file?.id });
    expect(list.chunks.filter(({ state }) => state === 'uploaded')).toHaveLength(chunks - 1);
  });
  gate.open();
  await allDone(master, 1);
  expect(fromFirst(packetTimes(path.join(master.media, 'clip.mkv'), 0))).toEqual(fromFirst(times));
  expect(await attemptHistories(master)).toEqual([['master done']]);
  await until(() => expect(filesIn(path.join(ben.data, 'temp'))).toEqual([]));
  return kilobytes().map((kB) => (kB * 1024) / size);
}

// On Windows, files have no holes.
describe.skipIf(process.platform === 'win32')('a helper without shared storage', () => {
  it('fetches only what it needs for each chunk, and the rest when it fails with that, which counts against nobody', async () => {
    const tries = path.join(tempFolder(), 'tries');
    const failThird = `echo >> '${tries}'; [ "$(wc -l < '${tries}')" -ne 3 ] || exit 1`;
    const [first = 1, second = 1, third = 1, ...others] = await help('clip.mkv', 6, failThird);
    expect(first).toBeLessThan(0.6);
    expect(second).toBeGreaterThanOrEqual(first);
    expect(third).toBeLessThan(0.95);
    expect(others).toHaveLength(3);
    for (const share of others) expect(share).toBeGreaterThanOrEqual(1);
  });

  it('fetches all of a video of which nothing says where a chunk lies', async () => {
    const shares = await help('clip.ts', 3);
    expect(shares).toHaveLength(2);
    for (const share of shares) expect(share).toBeGreaterThanOrEqual(1);
  });
});
