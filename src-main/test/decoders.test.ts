/** Builds of ffmpeg that cannot decode everything: what is asked of them, and what becomes of the videos. */
import path from 'node:path';
import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { decodes, missingDecoders } from '../../src-shared/plan/decoders.ts';
import { detectCapabilities } from '../media/ffmpeg/capabilities.ts';
import { ProcessManager } from '../media/ffmpeg/process-manager.ts';
import { convert, outcomes, run } from './support/cli.ts';
import { makeClip } from './support/clips.ts';
import { query } from './support/database.ts';
import { wrap } from './support/ffmpeg.ts';
import { FFMPEGS } from './support/ffmpegs.ts';
import { allDone, attemptHistories, join, lead } from './support/fleet.ts';
import { makeHome, tempFolder } from './support/temp.ts';

const HEVC = ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=none'];
const WHICH = /The video is HEVC, which ffmpeg \S+ of this computer cannot decode; install a full build/;

/** Has ffmpeg refuse H.265, and not list that it decodes it, as builds of some distributions. */
function withoutHevc(): { PATH: string } {
  const listed = execaSync('ffmpeg', ['-v', 'error', '-decoders']).stdout.matchAll(/^ [VAS]\S{5} (\S+)/gm);
  const names = [...listed].flatMap(([, name = '']) => (name.startsWith('hevc') ? [] : [name]));
  const script = `case "$*" in *-decoders*) "$REAL" "$@" | grep -v hevc; exit;; esac
    for a; do shift; [ "$a" = -i ] && set -- "$@" -codec_whitelist '${names.join(',')}'; set -- "$@" "$a"; done
    exec "$REAL" "$@"`;
  return wrap('ffmpeg', script);
}

const ask = async (tools: { ffmpeg: string; ffprobe: string }) =>
  detectCapabilities(await ProcessManager.create(path.join(tempFolder(), 'children')), tools);

describe.each(FFMPEGS)('the decoders of $name', ({ release, tools }) => {
  it('decoders are listed by the names of their codecs', async () => {
    const caps = await ask(tools);
    const codecs = execaSync(tools.ffmpeg, ['-v', 'error', '-codecs']).stdout.matchAll(/^ D.[VAS]\S{3} (\S+)/gm);
    const known = [...codecs].map(([, name]) => name);
    // Of all codecs that have a decoder, this one's alone is experimental.
    expect(known.filter((name = '') => name !== 'sonic' && !decodes(caps, name))).toEqual([]);
    expect([decodes(caps, 'vvc'), decodes(caps, 'libdav1d'), decodes(caps, 'mpegh_3d_audio')]).toEqual([
      release >= 7.1,
      false,
      false,
    ]);
    expect(missingDecoders(caps)).toEqual([]);
  });
});

it('decoders for hardware that a computer may lack, and experimental ones, do not count', async () => {
  const script = `case "$*" in *-decoders*) printf ' V....D %s  x (codec %s)\\n' hevc_qsv hevc vvc_cuvid vvc libopenh264 h264
    printf ' V....D av1   AV1\\n V..X.D dirac  Dirac\\n A....D aac (x) AAC (Advanced Audio Coding)\\n'; exit;; esac
    exec "$REAL" "$@"`;
  const [folder = ''] = wrap('ffmpeg', script).PATH.split(path.delimiter);
  const caps = await ask({ ffmpeg: path.join(folder, 'ffmpeg'), ffprobe: 'ffprobe' });
  expect(caps.decoders).toEqual(['aac', 'h264']);
  expect(missingDecoders(caps)).toEqual(expect.arrayContaining(['HEVC', 'AV1', 'DTS']));
});

it('a video that no computer can decode is skipped, with its codec in the reason, until one can', async () => {
  const { data, media } = makeHome();
  makeClip(path.join(media, 'hevc.mkv'), { options: HEVC });
  makeClip(path.join(media, 'plain.mp4'));
  const env = withoutHevc();
  const unable = await convert(data, [media], [], { env });
  expect(outcomes(unable)).toEqual(['hevc.mkv: skipped (old-ffmpeg)', 'plain.mkv: done']);
  expect(unable.lines.find(({ code }) => code === 'old-ffmpeg')?.reason).toMatch(WHICH);
  expect(query(data, 'SELECT codec FROM files WHERE code IS NOT NULL')).toEqual([{ codec: 'hevc' }]);
  const doctor = await run(['doctor', '--data', data], { env });
  expect(doctor.stdout).toMatch(/^FAIL decoders of the usual codecs: HEVC cannot be decoded, /m);
  const plan = await run(['plan', path.join(media, 'hevc.mkv'), '--data', data], { env });
  expect(plan.stdout).toMatch(WHICH);
  const able = await convert(data, [media]);
  expect(outcomes(able)).toContain('hevc.mkv: done');
});

it('a fleet gives a video to the computer that can decode it', async () => {
  const master = await lead(makeHome());
  await join(master, 'anna', { env: { FILE_DISTRIBUTION_MODE: 'true', ...withoutHevc() } });
  makeClip(path.join(master.media, 'a.mkv'), { options: HEVC });
  makeClip(path.join(master.media, 'b.mkv'));
  const { library } = await master.call('library.add', { path: master.media });
  await master.call('library.scan', { library: library.id });
  await allDone(master, 1);
  expect(await attemptHistories(master)).toEqual([[], ['anna done']]);
  await join(master, 'bert', { env: { FILE_DISTRIBUTION_MODE: 'true' } });
  await allDone(master, 2);
  expect(await attemptHistories(master)).toEqual([['bert done'], ['anna done']]);
  // The list is for the master alone.
  for (const { hello } of await master.call('worker.list')) {
    expect(hello?.computer.ffmpeg).toMatchObject({ libsvtav1: true });
    expect(hello?.computer.ffmpeg).not.toHaveProperty('decoders');
  }
});
