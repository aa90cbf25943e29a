/** Videos encoded in chunks by the real program, which is killed during the encode. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { convert, outcomes, start, TINY } from './support/cli.ts';
import { makeClip, OPEN_GOP } from './support/clips.ts';
import { wrap } from './support/ffmpeg.ts';
import { fromFirst, packetTimes } from './support/media-probe.ts';
import { makeHome, tempFolder } from './support/temp.ts';
import { until } from './support/wait.ts';

/** Has every encode leave its command in a list. */
function recordEncodes() {
  const list = path.join(tempFolder(), 'encodes');
  writeFileSync(list, '');
  const record = `[ $encode = 1 ] && echo "$*" >> '${list}'\nexec "$REAL" "$@"`;
  const encodes = () => readFileSync(list, 'utf8').split('\n').filter(Boolean);
  return { env: { ...wrap('ffmpeg', record), FLOTILLA_CHUNKS: '2' }, encodes };
}

/** The files of chunks under a data folder. */
const chunksIn = (data: string) =>
  readdirSync(data, { recursive: true, encoding: 'utf8' }).filter((name) => /chunks.\d+-\d+.\d+-\d+$/.test(name));

// Every version resumes in chunk-encoder.integration.test.ts.
describe.skipIf(process.platform === 'win32')('chunks', () => {
  test('frames encoded before kill -9 are not encoded again', async () => {
    const { data, media } = makeHome();
    const clip = makeClip(path.join(media, 'clip.mkv'), { seconds: 9, options: OPEN_GOP });
    const times = packetTimes(clip, 0);
    const { env, encodes } = recordEncodes();
    await convert(data, [media], [], { env: { ...env, FLOTILLA_FAULT: 'chunk-stored@2' } });
    expect(chunksIn(data)).toHaveLength(2);
    const [first = '', second = ''] = encodes();
    const before = encodes().length;
    const run = await convert(data, [media], [], { env });
    expect(outcomes(run)).toEqual(['clip.mkv: done']);
    const again = encodes().slice(before);
    expect(again).toHaveLength(2);
    const placeOf = (command: string) => /-ss (\d+)/.exec(command)?.[1] ?? '0';
    expect(again.map(placeOf)).not.toContain(placeOf(first));
    expect(again.map(placeOf)).not.toContain(placeOf(second));
    const shares = run.lines.flatMap((line) => (line.chunks ? [line.chunks as { done: number; total: number }] : []));
    expect(shares[0]?.done).toBe(2);
    // The clip is its result now.
    expect(fromFirst(packetTimes(clip, 0))).toEqual(fromFirst(times));
    expect(chunksIn(data)).toEqual([]);
  });

  test('a kill between a file and its entry costs this chunk, and nothing else', async () => {
    const { data, media } = makeHome();
    makeClip(path.join(media, 'clip.mkv'), { seconds: 9, options: OPEN_GOP });
    const { env, encodes } = recordEncodes();
    await convert(data, [media], [], { env: { ...env, FLOTILLA_FAULT: 'chunk-moved@2' } });
    const before = encodes().length;
    expect(outcomes(await convert(data, [media], [], { env }))).toEqual(['clip.mkv: done']);
    expect(encodes().slice(before)).toHaveLength(3);
  });

  test('chunks stay when a run is ended regularly, and are void after another setting', {
    timeout: 600_000,
  }, async () => {
    const { data, media } = makeHome();
    makeClip(path.join(media, 'clip.mkv'), { seconds: 9, options: OPEN_GOP });
    const { env, encodes } = recordEncodes();
    // The first chunk is encoded, and the second one never ends.
    const hold = 'if [ $encode = 1 ]; then case "$*" in *" -ss "*) exec sleep 600;; esac; fi\nexec "$REAL" "$@"';
    const begun = start(['convert', media, '--data', data, '--json', ...TINY], {
      env: { ...env, ...wrap('ffmpeg', hold, env) },
    });
    await until(() => expect(chunksIn(data)).toHaveLength(1), 300_000);
    begun.kill('SIGTERM');
    await begun.end();
    expect(chunksIn(data)).toHaveLength(1);

    const before = encodes().length;
    const run = await convert(data, [media], ['--crf', '60'], { env });
    expect(outcomes(run)).toEqual(['clip.mkv: done']);
    expect(encodes().slice(before)).toHaveLength(4);
    expect(chunksIn(data)).toEqual([]);
  });
});
