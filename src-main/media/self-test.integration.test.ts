import { readFileSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { convert, run } from '../test/support/cli.ts';
import { makeClip } from '../test/support/clips.ts';
import { query } from '../test/support/database.ts';
import { wrap } from '../test/support/ffmpeg.ts';
import { FFMPEGS } from '../test/support/ffmpegs.ts';
import { makeHome, tempFolder } from '../test/support/temp.ts';
import { askOnce } from './ffmpeg/capabilities.ts';
import { ProcessManager } from './ffmpeg/process-manager.ts';
import { selfTestOnce } from './self-test.ts';

/** A build that refuses one option of every encode, test or not: what 9.0 did with a time base that Flotilla asked for. */
const REFUSES = `case "$*" in *-mapping_family*) echo '[error] Unrecognized option mapping_family.' >&2; exit 1;; esac
  exec "$REAL" "$@"`;

describe.each(FFMPEGS)('the self-test of $name', ({ tools, env, installed }) => {
  it('passes, and is not made again until the ffmpeg is another one', async () => {
    const folder = tempFolder();
    const memory = path.join(folder, 'memory', 'passed');
    const calls = path.join(folder, 'calls');
    const script = `echo call >> '${calls}'; exec "$REAL" "$@"`;
    const ffmpeg = path.join(wrap('ffmpeg', script, env).PATH.split(path.delimiter)[0] ?? '', 'ffmpeg');
    const processes = await ProcessManager.create(path.join(folder, 'children'));
    const its = { ...tools, ffmpeg };
    const caps = askOnce(processes, its);
    const test = () => selfTestOnce({ processes, tools: its, caps, folder }, memory);
    const count = () => readFileSync(calls, 'utf8').split('\n').length;
    expect(await test()).toBeNull();
    const once = count();
    expect(await test()).toBeNull();
    expect(count()).toBe(once);
    if (!installed) return;
    utimesSync(ffmpeg, new Date(0), new Date(0));
    expect(await test()).toBeNull();
    expect(count()).toBeGreaterThan(once);
  });

  it('finds a refused option: no video pays for it, and doctor names it', async () => {
    const { data, media } = makeHome();
    makeClip(path.join(media, 'video.mp4'));
    const broken = wrap('ffmpeg', REFUSES, env, false);
    const { code, stderr } = await convert(data, [media], [], { env: broken });
    expect(stderr).toMatch(/failed its self-test \(Unrecognized option mapping_family\)/);
    expect(code).toBe(1);
    expect(query(data, 'SELECT * FROM attempts')).toEqual([]);
    expect(query(data, 'SELECT state FROM files')).toEqual([{ state: expect.stringMatching(/^(found|queued)$/) }]);
    const doctor = await run(['doctor', '--data', data], { env: broken });
    expect(doctor.code).toBe(1);
    expect(doctor.stdout).toMatch(/^FAIL self-test \(SVT-AV1 \d\S+\): Unrecognized option mapping_family\. /m);
  });
});

it('a memory that cannot be read or written costs another test, not the work', async () => {
  const folder = tempFolder();
  const memory = path.join(folder, 'file', 'passed');
  writeFileSync(path.join(folder, 'file'), '');
  const processes = await ProcessManager.create(path.join(folder, 'children'));
  const { tools } = FFMPEGS[0] as (typeof FFMPEGS)[number];
  expect(await selfTestOnce({ processes, tools, caps: askOnce(processes, tools), folder }, memory)).toBeNull();
});
