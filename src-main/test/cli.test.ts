/** The command line as its users meet it. */
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { VaultEntry } from '../../src-shared/contract/index.ts';
import { presetFor, qualityFor } from '../../src-shared/fleet/svt-av1.ts';
import { SETTING_INFOS } from '../../src-shared/settings/settings.ts';
import { detectCapabilities } from '../media/ffmpeg/capabilities.ts';
import { ProcessManager } from '../media/ffmpeg/process-manager.ts';
import { convert, outcomes, run, start, TINY } from './support/cli.ts';
import { makeClip } from './support/clips.ts';
import { makeGate, slowEncodes, which, wrap } from './support/ffmpeg.ts';
import { FFMPEGS } from './support/ffmpegs.ts';
import { filesIn, sha256, treeOf } from './support/files.ts';
import { serve } from './support/server.ts';
import { makeHome, snapshotHome, tempFolder } from './support/temp.ts';
import { isAlive, until } from './support/wait.ts';

/** What `plan --json` prints. */
interface Planned {
  plan: {
    kind: string;
    code?: string;
    reason?: string;
    streams: { action: string; type: string; to: string; why?: string; preset?: number; crf?: number }[];
  };
  estimate: number | null;
  commands: string[][] | null;
}

async function planOf(file: string, data: string, more: string[] = [], env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await run(['plan', file, '--json', '--data', data, ...more], { env });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Planned;
}

describe('help', () => {
  it('--help names every command and the exit codes', async () => {
    const { code, stdout } = await run(['--help']);
    expect(code).toBe(0);
    for (const name of ['convert', 'plan', 'serve', 'restore', 'vault', 'doctor']) expect(stdout).toMatch(name);
    expect(stdout).toMatch(/Exit status: 0 .* 1 .* 2 /);
  });

  it('--help of a command names its settings with their variables', async () => {
    const helps = await Promise.all(['serve', 'worker'].map((command) => run([command, '--help'])));
    const stdout = helps.map((help) => help.stdout).join('\n');
    for (const { flag, env } of SETTING_INFOS) {
      if (flag) expect(stdout).toContain(flag);
      if (flag && env) expect(stdout).toMatch(new RegExp(`env:\\s+${env}`));
    }
  });

  it('--version prints the version of the package', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect((await run(['--version'])).stdout).toBe(version);
  });
});

describe('an invalid command exits with 2, prints one sentence, and changes nothing', () => {
  const wrong: [args: string[], sentence: RegExp][] = [
    [['convert', '.', '--bogus'], /unknown option '--bogus'/],
    [['conver', '.'], /unknown command 'conver'/],
    [['convert'], /missing required argument 'path'/],
    [['convert', '/no/such/video.mkv'], /^Couldn't open \/no\/such\/video\.mkv \(ENOENT\); .*\.$/],
    [['plan', '/no/such/video.mkv'], /^There is no file \/no\/such\/video\.mkv\.$/],
    [['convert', '.', '--preset', '14'], /^--preset is "14", but must be a whole number from 0 to 13\.$/],
    [['convert', '.', '--preset', '1', '--port', '1'], /unknown option '--port'/],
    [['restore'], /^Name one video or folder to restore, or use --all\.$/],
    [['restore', 'video.mkv', '--all'], /^Name one video or folder to restore, or use --all\.$/],
    [['vault', 'empty'], /unknown command 'empty'/],
  ];
  it.for(wrong)('%j', async ([args, sentence]) => {
    const { data, media } = makeHome();
    const needsData = !args.includes('empty') && args[0] !== 'conver';
    const { code, stdout, stderr } = await run([...args, ...(needsData ? ['--data', data] : [])], { cwd: media });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    const [first, ...rest] = stderr.split('\n').filter(Boolean);
    expect(first).toMatch(sentence);
    expect(rest.filter((line) => !/^\((see flotilla --help|Did you mean .*)\)$/.test(line))).toEqual([]);
    expect(filesIn(media)).toEqual([]);
  });

  // Each setting's values are tests of the settings.
  it('SVT_AV1_PRESET=14', async () => {
    const { data, media } = makeHome();
    const { code, stderr } = await run(['convert', media, '--data', data], { env: { SVT_AV1_PRESET: '14' } });
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: 'SVT_AV1_PRESET is "14", but must be a whole number from 0 to 13.',
    });
    expect(existsSync(data)).toBe(false);
  });
});

describe('plan', () => {
  it('plan prints what happens to each stream, and the command', async () => {
    const { data, media } = makeHome();
    const clip = makeClip(path.join(media, "it's a video.mp4"), { options: ['-metadata:s:a:0', 'language=fra'] });
    const before = treeOf(media);
    const { code, stdout } = await run(['plan', clip, '--data', data, '--crf', '40']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^it's a video\.mp4 \(.* kB, 1 s, MP4\)$/m);
    expect(stdout).toMatch(/^Would become it's a video\.mkv, about .*B\.$/m);
    expect(stdout).toMatch(/^ {2}96x64 H\.264 24 fps → AV1 96x64, CRF 40, preset 8$/m);
    expect(stdout).toMatch(/^ {2}French mono AAC .* → Opus mono 64 kb\/s$/m);
    expect(stdout).toMatch(/^ {2}ffmpeg .*'file:.*\/it'\\''s a video\.mp4'/m);
    expect(treeOf(media)).toEqual(before);
  });

  it.each(FFMPEGS)('plan shows the preset and the CRF for $name', async ({ tools, env }) => {
    const { data, media } = makeHome();
    const clip = makeClip(path.join(media, 'video.mp4'));
    const { stdout } = await run(['plan', clip, '--data', data, '--crf', '40'], { env });
    const caps = await detectCapabilities(await ProcessManager.create(path.join(data, 'children')), tools);
    const sent = presetFor(caps, 8);
    expect(stdout).toContain(` -preset:v:0 ${sent} `);
    const sentence = `\nPreset 8 is preset ${sent} of the encoder here, ${caps.svtav1}.\n`;
    if (sent === 8) expect(stdout).not.toContain('of the encoder here');
    else expect(stdout).toContain(sentence);
    const { crf, varianceBoost } = qualityFor(caps, 40);
    expect(stdout).toContain(` -crf:v:0 ${crf} `);
    if (varianceBoost)
      expect(stdout).toContain(
        `\nIt uses variance boost at CRF ${crf}, whose files are as large as at CRF 40 without.\n`,
      );
    else expect(stdout).not.toContain('variance boost');
  });

  it('plan prints JSON', async () => {
    const { data, media } = makeHome();
    const clip = makeClip(path.join(media, 'video.mp4'), { sound: true });
    const { plan, estimate, commands } = await planOf(clip, data);
    expect(plan.streams.map(({ action, type }) => `${type} ${action}`)).toEqual(['video encode', 'audio opus']);
    expect(estimate).toBeGreaterThan(0);
    expect(commands).toHaveLength(1);
    expect(commands?.[0]).toContain(`file:${clip}`);
  });

  it('plan says why a video would be skipped', async () => {
    const { data, media } = makeHome();
    const av1 = makeClip(path.join(media, 'av1.mkv'), { options: ['-c:v', 'libsvtav1', '-preset', '13'] });
    const { plan, estimate, commands } = await planOf(av1, data);
    expect(plan).toMatchObject({ kind: 'skip', code: 'av1', reason: 'The video is AV1 already.' });
    expect([estimate, commands]).toEqual([null, null]);
    expect((await run(['plan', av1, '--data', data])).stdout).toMatch(
      /^Would be skipped\. The video is AV1 already\.$/m,
    );
    expect((await planOf(av1, data, [], { SKIP_AV1_FILES: 'false' })).plan.kind).toBe('convert');
  });

  it('plan prefers a flag to the environment, the environment to a stored value, and that to the default', async () => {
    const { data, media } = makeHome();
    const clip = makeClip(path.join(media, 'video.mp4'));
    const preset = async (more: string[] = [], env = {}) =>
      (await planOf(clip, data, more, env)).plan.streams[0]?.preset;
    expect(await preset()).toBe(8);
    const server = await serve(data);
    await server.call('settings.set', { values: { preset: 5 } });
    server.flotilla.kill('SIGTERM');
    await server.flotilla.end();
    expect(await preset()).toBe(5);
    expect(await preset([], { SVT_AV1_PRESET: '' })).toBe(5);
    expect(await preset([], { SVT_AV1_PRESET: '6' })).toBe(6);
    expect(await preset(['--preset', '7'], { SVT_AV1_PRESET: '6' })).toBe(7);
  });
});

describe('doctor', () => {
  it('doctor checks the installation, one line for each finding', async () => {
    const { data } = makeHome();
    const { code, stdout } = await run(['doctor', '--json', '--data', data]);
    const findings = JSON.parse(stdout) as { ok: boolean; what: string }[];
    expect(code).toBe(findings.every((f) => f.ok) ? 0 : 1);
    for (const what of [
      /^ffmpeg \d.* \(from PATH, \/.*ffmpeg\)$/,
      /libsvtav1 \(/,
      /libopus/,
      /bwdif/,
      /^ffprobe \d/,
      /^Data folder/,
    ]) {
      expect(findings).toContainEqual(expect.objectContaining({ ok: true, what: expect.stringMatching(what) }));
    }
    const words = await run(['doctor', '--data', data]);
    expect(words.stdout.split('\n').every((line) => /^(ok {2}|FAIL) /.test(line))).toBe(true);
  });

  it('doctor says what to do about a fault', async () => {
    const { data } = makeHome();
    const env = { PATH: tempFolder(), MEDIA_DIRS: '/no/such/folder' };
    const { code, stdout } = await run(['doctor', '--data', data], { env });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^FAIL ffmpeg: .*install ffmpeg/m);
    expect(stdout).toMatch(/^FAIL ffprobe: /m);
    expect(stdout).toMatch(/^FAIL Library \/no\/such\/folder: /m);
  });

  it('doctor uses the chosen ffmpeg, says so, and never falls back to another one', async () => {
    const { data } = makeHome();
    const old = wrap('ffmpeg', '[ "$*" = "-h full" ] && echo ffmpeg version 4.4.2 >&2 && exit\nexec "$REAL" "$@"').PATH;
    const folder = old.split(':')[0] ?? '';
    symlinkSync(which('ffprobe'), path.join(folder, 'ffprobe'));
    const env = { FFMPEG_PATH: folder };
    const { stdout } = await run(['doctor', '--data', data], { env });
    expect(stdout).toContain(`ffmpeg 4.4.2 (chosen by FFMPEG_PATH or --ffmpeg, ${folder}/ffmpeg): install`);
    const refused = await convert(data, [folder], [], { env });
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/ffmpeg \(4\.4\.2\) is too old/) });
    const missing = await convert(data, [folder], ['--ffmpeg', '/no/such'], {});
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringMatching(/^FFMPEG_PATH .*there is no \/no\/such/) });
  });
});

describe('convert', () => {
  it('--dry-run prints what would happen and the totals, and changes nothing', async () => {
    const { data, media } = makeHome();
    for (const name of ['one.mp4', 'sub/two.mkv']) makeClip(path.join(media, name));
    makeClip(path.join(media, 'sound.avi'), { options: ['-vn', '-c:a', 'libmp3lame'] });
    makeClip(path.join(media, 'small.mkv'), { size: '48x32' });
    writeFileSync(path.join(media, 'empty.avi'), '');
    writeFileSync(path.join(media, 'noise.mkv'), 'no video at all');
    writeFileSync(path.join(media, 'words.mkv'), '1\n00:00:01,000 --> 00:00:02,000\nhello\n');
    const before = treeOf(media);
    const dry = await convert(data, [media], ['--dry-run']);
    expect(dry).toMatchObject({ code: 0, stderr: '' });
    const clips = dry.lines.filter((l) => l.type === 'file');
    expect(clips.map((l) => `${l.path} ${l.would} ${l.code ?? ''}`.trim()).sort()).toEqual([
      'empty.avi skipped empty',
      'noise.mkv skipped unreadable',
      'one.mp4 convert',
      'small.mkv skipped size',
      'sound.avi skipped no-film',
      'sub/two.mkv convert',
      'words.mkv skipped no-film',
    ]);
    for (const { would, reason } of clips) if (would === 'skipped') expect(reason).toMatch(/^[A-Z].*\.$/);
    const sizes = clips.filter((l) => l.would === 'convert').map((l) => Number(l.size));
    expect(dry.lines.at(-1)).toMatchObject({
      ...{ type: 'summary', dryRun: true, files: 7, counts: { queued: 2, skipped: 5 } },
      sourceBytes: sizes.reduce((sum, size) => sum + size),
      estimatedBytes: clips.reduce((sum, l) => sum + Number(l.estimate ?? 0), 0),
    });
    const words = await run(['convert', media, '--dry-run', '--data', data, ...TINY]);
    expect(words.stdout).toMatch(
      /2 videos of .*B would become about .*B; 5 videos would be skipped\. Nothing was changed\.$/,
    );
    expect(treeOf(media)).toEqual(before);
  });

  it('--dry-run --samples prints size, saving, and CRF of each video by samples of it, and changes nothing', async () => {
    const { data, media } = makeHome();
    makeClip(path.join(media, 'long.mp4'), { seconds: 12, sound: true, options: ['-g', '24'] });
    makeClip(path.join(media, 'short.mp4'));
    const before = treeOf(media);
    const dry = await convert(data, [media], ['--dry-run', '--samples']);
    const [long, short] = ['long.mp4', 'short.mp4'].map((name) => dry.lines.find((line) => line.path === name));
    expect(long).toMatchObject({ would: 'convert', crf: 63, quality: null, estimateError: expect.any(Number) });
    expect(Number(long?.estimate)).toBeLessThan(Number(long?.size));
    expect(short).toMatchObject({ would: 'convert', estimate: expect.any(Number) });
    expect(short).not.toHaveProperty('crf');
    expect(dry.lines).toContainEqual(
      expect.objectContaining({
        type: 'notice',
        text: expect.stringMatching(/^short\.mp4: .*too short for samples\.$/),
      }),
    );
    const words = await run(['convert', media, '--dry-run', '--samples', '--data', data, ...TINY]);
    expect(words.stdout).toMatch(
      /^long\.mp4 {2}would be converted: .*B → about .*B \(± .*\), −\d+%, CRF 63 \(1 sample\)$/m,
    );
    const useless = await convert(data, [media], ['--dry-run', '--samples', '--min-savings', '99']);
    expect(useless.lines.find((line) => line.path === 'long.mp4')).toMatchObject({ would: 'skip' });
    expect(treeOf(media)).toEqual(before);
  });

  it('--samples goes with --dry-run only', async () => {
    const { data, media } = makeHome();
    expect(await run(['convert', media, '--samples', '--data', data])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/--samples goes with --dry-run/),
    });
  });

  const signals = [
    ...FFMPEGS.slice(0, 1).map((ffmpeg) => ({ ...ffmpeg, signal: 'SIGTERM' as const })),
    ...FFMPEGS.slice(-1).map((ffmpeg) => ({ ...ffmpeg, signal: 'SIGINT' as const })),
  ];
  it.for(signals)('convert on $signal leaves no trace but the database ($name)', async ({ signal, env }) => {
    const { data, media } = makeHome();
    makeClip(path.join(media, 'video.mp4'), { seconds: 10 });
    const before = treeOf(media);
    const slow = slowEncodes(env);
    const conversion = start(['convert', media, '--data', data, '--json', ...TINY], { env: slow.env });
    await until(() => expect(conversion.lines.some((l) => (l.frame ?? 0) > 0)).toBe(true));
    expect(slow.pids().filter(isAlive)).toHaveLength(1);
    // As a terminal does: everything it has started is told as well.
    for (const pid of [conversion.pid, ...slow.pids()]) process.kill(pid, signal);
    const { code, stderr, lines } = await conversion.end();
    expect({ code, stderr }).toEqual({ code: 130, stderr: '' });
    expect(lines.map((l) => l.text)).toContainEqual(expect.stringMatching(/Nothing is lost/));
    expect(treeOf(media)).toEqual(before);
    expect(slow.pids().filter(isAlive)).toEqual([]);
    expect([filesIn(path.join(data, 'temp')), filesIn(path.join(data, 'children'))]).toEqual([[], []]);

    if (signal === 'SIGINT') expect(outcomes(await convert(data, [media]))).toEqual(['video.mkv: done']);
  });

  it('convert reports a waiting result although its replacement is finished at startup', async () => {
    const { data, media } = makeHome();
    makeClip(path.join(media, 'video.mp4'));
    const gate = makeGate();
    const conversion = start(['convert', media, '--data', data, '--json', ...TINY], { env: gate.env });
    await gate.reached();
    writeFileSync(path.join(media, 'video.mkv'), 'of somebody else');
    gate.open();
    expect(outcomes(await conversion.end())).toContain('video.mp4: blocked (not-replaced)');
    rmSync(path.join(media, 'video.mkv'));
    const again = await convert(data, [media]);
    expect(outcomes(again)).toEqual(['video.mkv: done']);
    expect(again.lines.filter(({ stage }) => stage === 'encoding')).toEqual([]);
  });

  it('convert does nothing in a finished library, and starts no ffprobe', async () => {
    const { data, media } = makeHome();
    makeClip(path.join(media, 'video.mp4'));
    writeFileSync(path.join(media, 'noise.mkv'), 'no video at all');
    const log = path.join(tempFolder(), 'calls');
    writeFileSync(log, '');
    const env = wrap('ffprobe', `echo "$@" >> '${log}'; exec "$REAL" "$@"`);
    expect(outcomes(await convert(data, [media], [], { env }))).toEqual([
      'noise.mkv: skipped (unreadable)',
      'video.mkv: done',
    ]);
    expect(readFileSync(log, 'utf8')).toContain('video.mp4');
    writeFileSync(log, '');
    const before = treeOf(media);
    const again = await convert(data, [media], [], { env });
    expect(again.code).toBe(0);
    expect(outcomes(again)).toEqual([]);
    expect(again.lines.at(-1)).toMatchObject({ type: 'summary', counts: { done: 1, skipped: 1 } });
    expect(readFileSync(log, 'utf8')).toBe('');
    expect(treeOf(media)).toEqual(before);
  });

  it('convert takes videos in the order of the setting, even if the first one takes longest to analyze', async () => {
    const { data, media } = makeHome();
    makeClip(path.join(media, 'a.mp4'), { size: '160x120' });
    makeClip(path.join(media, 'b.mp4'), { size: '96x64' });
    const slow = 'case "$*" in *show_chapters*/b.mp4) sleep 1;; esac; exec "$REAL" "$@"';
    const { lines } = await convert(data, [media], [], { env: { ...wrap('ffprobe', slow), FILE_ORDER: 'smallest' } });
    expect(lines.filter((l) => l.type === 'file').map((l) => l.path)).toEqual(['b.mkv', 'a.mkv']);
  });

  it('convert takes a single video, leaves the others of its folder alone, and prints what it did', async () => {
    const { data, media } = makeHome();
    for (const name of ['one.mp4', 'two.mp4']) makeClip(path.join(media, name));
    const { code, stdout } = await run(['convert', path.join(media, 'one.mp4'), '--data', data, ...TINY]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Found 1 video\.$/m);
    expect(stdout).toMatch(/^done +one\.mkv: .*B → .*B \(−.*B, \d+%\)$/m);
    expect(stdout).toMatch(/^1 video: 1 done\. .*B became .*B \(−.*B, \d+%\)\.$/m);
    expect(filesIn(media).filter((name) => !name.startsWith('.'))).toEqual(['one.mkv', 'two.mp4']);
  });

  it('convert leaves a library to another Flotilla until the user takes it over', async () => {
    const { data, media } = makeHome();
    makeClip(path.join(media, 'video.mp4'));
    mkdirSync(path.join(media, '.flotilla'));
    const owner = { flotilla: 1, install: 'there', host: 'attic', pid: 1, beat: 7, term: 750_000 };
    writeFileSync(path.join(media, '.flotilla/owner.json'), JSON.stringify(owner));
    const refused = await convert(data, [media]);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toMatch(/^Another Flotilla, on attic, works in .*take over the library\.$/m);
    expect(existsSync(path.join(media, 'video.mp4'))).toBe(true);
    expect(outcomes(await convert(data, [media], ['--take-over']))).toEqual(['video.mkv: done']);
  });

  it('convert keeps an original whose result saves too little', async () => {
    const { data, media } = makeHome();
    makeClip(path.join(media, 'video.mp4'), { sound: true });
    const before = treeOf(media);
    const ended = await convert(data, [media], ['--min-savings', '99']);
    expect(ended.code).toBe(0);
    expect(outcomes(ended)).toEqual(['video.mp4: skipped (no-savings)']);
    expect(treeOf(media)).toEqual(before);
    expect(outcomes(await convert(data, [media], ['--retry']))).toEqual(['video.mkv: done']);
  });
});

describe('the vault', () => {
  const home = makeHome();
  let before: ReturnType<typeof treeOf>;
  let restore = () => {};
  beforeAll(async () => {
    for (const [i, name] of ['one.mp4', 'two.mkv'].entries()) makeClip(path.join(home.media, name), { seconds: 1 + i });
    before = treeOf(home.media);
    expect(outcomes(await convert(home.data, [home.media], ['--testing']))).toEqual(['one.mkv: done', 'two.mkv: done']);
    restore = snapshotHome(home);
  });
  /** Two videos, converted in testing mode; and what they were. */
  function converted() {
    restore();
    return { ...home, before };
  }
  const list = async (data: string) => {
    const { stdout } = await run(['vault', 'list', '--json', '--data', data]);
    return (JSON.parse(stdout) as VaultEntry[]).map((entry) => path.basename(entry.original)).sort();
  };

  it('a conversion purges the vault and says so', async () => {
    const { data, media } = makeHome();
    const clip = makeClip(path.join(media, 'video.mp4'));
    const { code, lines } = await convert(data, [media], ['--vault-days', '0']);
    expect(code).toBe(0);
    expect(lines).toContainEqual({ type: 'notice', text: `Purged from the vault: ${clip}.` });
  });

  it('the vault is listed, restored, and purged', async () => {
    const { data, media, before } = converted();
    const words = await run(['vault', 'list', '--data', data]);
    expect(words.stdout).toMatch(/one\.mp4 {2}.*B \(now .*B\), kept until you purge it$/m);
    expect(words.stdout).toMatch(/^2 originals, .*B$/m);
    expect(await list(data)).toEqual(['one.mp4', 'two.mkv']);

    const restored = await run(['restore', 'two.mkv', '--data', data], { cwd: media });
    expect(restored).toMatchObject({ code: 0, stdout: `restored ${path.join(media, 'two.mkv')}` });
    expect(treeOf(media)['two.mkv']).toBe(before['two.mkv']);
    expect(await list(data)).toEqual(['one.mp4']);

    expect((await run(['vault', 'purge', '--data', data])).stdout).toMatch(/^purged 0 originals/);
    const kept = treeOf(media);
    expect((await run(['vault', 'purge', '--all', '--dry-run', '--data', data])).stdout).toMatch(
      /^would purge 1 original,/,
    );
    expect(treeOf(media)).toEqual(kept);
    expect((await run(['vault', 'purge', '--all', '--data', data])).stdout).toMatch(/^purged 1 original,/);
    expect(filesIn(media)).toEqual(['one.mkv', 'two.mkv']);
    expect(existsSync(path.join(media, '.flotilla'))).toBe(false);

    // Left as the user wanted it.
    expect(outcomes(await convert(data, [media]))).toEqual([]);
    const nothing = await run(['restore', path.join(media, 'one.mkv'), '--data', data]);
    expect(nothing.code).toBe(1);
    expect(nothing.stderr).toMatch(/^The vault has no original of .*one\.mkv\.$/);
  });

  it('the vault is never restored over another file; restore --all, which needs no ffmpeg, returns the library to its previous state, from which it can be converted again', async () => {
    const { data, media, before } = converted();
    makeClip(path.join(media, 'one.mp4'), { seconds: 2 });
    const mine = sha256(path.join(media, 'one.mp4'));
    const refused = await run(['restore', path.join(media, 'one.mp4'), '--data', data]);
    expect(refused.code).toBe(1);
    expect(refused.stdout).toMatch(/^not restored: .*one\.mp4 is another file now; .*\.$/);
    expect(sha256(path.join(media, 'one.mp4'))).toBe(mine);
    expect(existsSync(path.join(media, 'one.mkv'))).toBe(true);

    rmSync(path.join(media, 'one.mp4'));
    expect(await run(['restore', '--all', '--data', data], { env: { PATH: media } })).toMatchObject({ code: 0 });
    expect(treeOf(media)).toEqual(before);
    expect(outcomes(await convert(data, [media], ['--retry']))).toEqual(['one.mkv: done', 'two.mkv: done']);
  });

  it('vault commands go through the server that holds the data folder', async () => {
    const { data, media, before } = converted();
    const server = await serve(data);
    expect(await list(data)).toEqual(['one.mp4', 'two.mkv']);
    // Relative to where the user is, not to where the server was started.
    const restored = await run(['restore', 'one.mkv', '--data', data], { cwd: media });
    expect(restored).toMatchObject({ code: 0, stdout: `restored ${path.join(media, 'one.mp4')}` });
    expect(treeOf(media)['one.mp4']).toBe(before['one.mp4']);
    expect((await run(['restore', 'no.mkv', '--data', data], { cwd: media })).stderr).toMatch(/^The vault has no/);
    expect((await run(['vault', 'purge', '--all', '--data', data])).stdout).toMatch(/^purged 1 original,/);
    expect(await server.call('vault.list')).toEqual([]);

    // What a crash left says where somebody else may listen now; who starts anew has not yet written where.
    const heard: unknown[] = [];
    const other = createServer((request, response) => {
      heard.push(request.headers);
      response.end('[]');
    }).listen(0, '127.0.0.1');
    await once(other, 'listening');
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    const note = (pid: number) => writeFileSync(path.join(data, 'instance.json'), JSON.stringify({ pid, url }));
    note(2 ** 22);
    const refused = await run(['vault', 'list', '--data', data]);
    expect([refused.code, heard]).toEqual([1, []]);
    other.close();
    note(server.flotilla.pid);
    const { stderr } = await run(['vault', 'list', '--data', data]);
    expect(stderr).toMatch(/^The Flotilla at http:\S+ did not answer \(.*ECONNREFUSED.*\); is it still running\?$/);
  });
});
