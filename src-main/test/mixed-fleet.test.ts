/** Computers with ffmpegs of several versions, as one fleet: who proves a result has another ffmpeg than who made it. */
import path from 'node:path';
import { expect, it } from 'vitest';
import { FFMPEGS, type Ffmpeg } from './support/ffmpegs.ts';
import { addVideos, allDone, join, lead } from './support/fleet.ts';
import { probe } from './support/media-probe.ts';
import { makeHome } from './support/temp.ts';

const [installed] = FFMPEGS;
const newest = FFMPEGS.at(-1);
const MODES: [mode: string, env: Record<string, string>, master: Ffmpeg | undefined][] = [
  ['read in place', {}, newest],
  ['sent over the network', { FILE_DISTRIBUTION_MODE: 'true' }, installed],
];

it.for(MODES)('a library whose videos are %s is converted by every version', async ([, env, own], { skip }) => {
  if (installed === newest) skip('there is one version of ffmpeg only');
  const master = await lead(makeHome(), { env: own?.env ?? {} });
  const others = FFMPEGS.filter((ffmpeg) => ffmpeg !== own);
  for (const ffmpeg of others) await join(master, ffmpeg.name, { env: { ...env, ...ffmpeg.env } });
  const names = await addVideos(master, 2 * others.length);
  await allDone(master, names.length);

  const files = await master.call('file.list');
  const attempts = await Promise.all(files.map(({ id }) => master.call('file.get', { file: id })));
  const made = attempts.map(({ attempts: [only, ...more] }) => {
    expect([only?.outcome, more]).toEqual(['done', []]);
    return [only?.worker, only?.encoder];
  });
  expect(new Set(made.map(([worker]) => worker))).toEqual(new Set(others.map(({ name }) => name)));
  expect(new Set(made.map(([, encoder]) => encoder)).size).toBe(others.length);
  for (const name of names) {
    const { streams } = probe(path.join(master.media, name));
    expect(streams.map((stream) => stream.codec_name)).toEqual(['av1']);
  }
});
