/** The command line as its users meet it. */
import { once } from 'node:events';
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { VaultEntry } from '../../src-shared/contract.ts';
import { FILE_ORDERS, SETTING_INFOS } from '../../src-shared/settings.ts';
import { presetFor } from '../../src-shared/svt-av1.ts';
import { detectCapabilities } from '../media/capabilities.ts';
import { ProcessManager } from '../media/process.ts';
import { FFMPEGS } from './ffmpegs.ts';
import {
  convert,
  filesIn,
  isAlive,
  makeClip,
  makeHome,
  outcomes,
  run,
  serve,
  sha256,
  slowEncodes,
  start,
  TINY,
  tempFolder,
  treeOf,
  until,
  which,
  wrap,
} from './helpers.ts';

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
  it('names every command and the exit codes', async () => {
    const { code, stdout } = await run(['--help']);
    expect(code).toBe(0);
    for (const name of ['convert', 'plan', 'serve', 'restore', 'vault', 'doctor']) expect(stdout).toMatch(name);
    expect(stdout).toMatch(/Exit status: 0 .* 1 .* 2 /);
  });

  it('of a command names its settings with their variables', async () => {
    const helps = await Promise.all(['serve', 'worker'].map((command) => run([command, '--help'])));
    const stdout = helps.map((help) => help.stdout).join('\n');
    for (const { flag, env } of SETTING_INFOS) {
      if (flag) expect(stdout).toContain(flag);
      if (flag && env) expect(stdout).toMatch(new RegExp(`env:\\s+${env}`));
    }
  });

  it('--version tells the version of the package', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect((await run(['--version'])).stdout).toBe(version);
  });
});

describe('a command that is not right ends with 2, one sentence, and no change', () => {
  const wrong: [args: string[], sentence: RegExp][] = [
    [['convert', '.', '--bogus'], /unknown option '--bogus'/],
    [['conver', '.'], /unknown command 'conver'/],
    [['convert'], /missing required argument 'path'/],
    [['convert', '/no/such/film.mkv'], /^\/no\/such\/film\.mkv cannot be opened \(ENOENT\); .*\.$/],
    [['plan', '/no/such/film.mkv'], /^There is no file \/no\/such\/film\.mkv\.$/],
    [['convert', '.', '--preset', '14'], /^--preset is "14", but must be a whole number from 0 to 13\.$/],
    [['convert', '.', '--preset', 'fast'], /^--preset is "fast", but must be a whole number from 0 to 13\.$/],
    [['convert', '.', '--crf', '0'], /^--crf is "0", but must be a whole number from 1 to 63\.$/],
    [['convert', '.', '--min-savings', '100'], /^--min-savings is "100", but must be a number from 0 to 99\.$/],
    [['convert', '.', '--order', 'random'], /^--order is "random", but must be oldest, newest, largest or smallest\.$/],
    [['convert', '.', '--preset', '1', '--port', '1'], /unknown option '--port'/],
    [['restore'], /^Name one film or folder to restore, or give --all\.$/],
    [['restore', 'film.mkv', '--all'], /^Name one film or folder to restore, or give --all\.$/],
    [['vault', 'empty'], /unknown command 'empty'/],
  ];
  it.for(wrong)('%j', async ([args, sentence]) => {
    const { data, media } = makeHome();
    const needsData = !args.includes('empty') && args[0] !== 'conver';
    const { code, stdout, stderr } = await run([...args, ...(needsData ? ['--data', data] : [])], { cwd: media });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    const [first, ...rest] = stderr.split('\n').filter(Boolean);
    expect(first).toMatch(sentence);
    expect(rest.filter((line) => !/^\((flotilla --help tells more|Did you mean .*)\)$/.test(line))).toEqual([]);
    expect(filesIn(media)).toEqual([]);
  });

  const values: Record<string, string[]> = {
    SVT_AV1_PRESET: ['14', '-1', '8.5'],
    WEB_PORT: ['65536'],
    NICE_LEVEL: ['20'],
    IONICE_CLASS: ['4'],
  };
  // Any text is a folder; every other setting knows what it wants.
  const variables = SETTING_INFOS.filter((s) => s.env && s.type !== 'list' && !s.allowed.startsWith('a text'));
  it.for(
    variables.flatMap(({ env = '', allowed }) => ['nonsense', ...(values[env] ?? [])].map((v) => [env, v, allowed])),
  )('%s=%s', async ([env = '', value = '', allowed]) => {
    const { data, media } = makeHome();
    const { code, stderr } = await run(['convert', media, '--data', data], { env: { [env]: value } });
    expect({ code, stderr }).toEqual({ code: 2, stderr: `${env} is "${value}", but must be ${allowed}.` });
    expect(existsSync(data)).toBe(false);
  });
});

describe('plan', () => {
  it('tells in words what becomes of each stream, and the command', async () => {
    const { data, media } = makeHome();
    const film = makeClip(path.join(media, "it's a film.mp4"), { options: ['-metadata:s:a:0', 'language=fra'] });
    const before = treeOf(media);
    const { code, stdout } = await run(['plan', film, '--data', data, '--crf', '40']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^it's a film\.mp4 \(.* kB, 1 s, MP4\)$/m);
    expect(stdout).toMatch(/^Would become it's a film\.mkv, about .*B\.$/m);
    expect(stdout).toMatch(/^ {2}96x64 H\.264 24 fps → AV1 96x64, CRF 40, preset 8$/m);
    expect(stdout).toMatch(/^ {2}French mono AAC .* → Opus mono 64 kb\/s$/m);
    expect(stdout).toMatch(/^ {2}ffmpeg .*'file:.*\/it'\\''s a film\.mp4'/m);
    expect(treeOf(media)).toEqual(before);
  });

  it.each(FFMPEGS)('tells which preset $name is given', async ({ tools, env }) => {
    const { data, media } = makeHome();
    const film = makeClip(path.join(media, 'film.mp4'));
    const { stdout } = await run(['plan', film, '--data', data], { env });
    const caps = await detectCapabilities(await ProcessManager.create(path.join(data, 'children')), tools);
    const sent = presetFor(caps, 8);
    expect(stdout).toContain(` -preset:v:0 ${sent} `);
    const sentence = `\nPreset 8 is preset ${sent} of the encoder here, ${caps.svtav1}.\n`;
    if (sent === 8) expect(stdout).not.toContain('of the encoder here');
    else expect(stdout).toContain(sentence);
  });

  it('tells as JSON', async () => {
    const { data, media } = makeHome();
    const film = makeClip(path.join(media, 'film.mp4'));
    const { plan, estimate, commands } = await planOf(film, data);
    expect(plan.streams.map(({ action, type }) => `${type} ${action}`)).toEqual(['video encode', 'audio opus']);
    expect(estimate).toBeGreaterThan(0);
    expect(commands).toHaveLength(1);
    expect(commands?.[0]).toContain(`file:${film}`);
  });

  it('tells why a film would be left as it is', async () => {
    const { data, media } = makeHome();
    const file = (name: string, content: string) => {
      writeFileSync(path.join(media, name), content);
      return path.join(media, name);
    };
    const av1 = path.join(media, 'av1.mkv');
    makeClip(av1, { options: ['-c:v', 'libsvtav1', '-preset', '13'] });
    const skips: [file: string, code: string][] = [
      [file('empty.mkv', ''), 'empty'],
      [file('noise.mkv', 'no film at all'), 'unreadable'],
      [file('words.mkv', '1\n00:00:01,000 --> 00:00:02,000\nhello\n'), 'no-film'],
      [makeClip(path.join(media, 'sound.mp3'), { options: ['-vn', '-c:a', 'libmp3lame'] }), 'no-film'],
      [makeClip(path.join(media, 'small.mkv'), { size: '48x32' }), 'size'],
      [av1, 'av1'],
    ];
    for (const [name, code] of skips) {
      const { plan } = await planOf(name, data);
      expect(plan, name).toMatchObject({ kind: 'skip', code });
      expect(plan.reason, name).toMatch(/^[A-Z].*\.$/);
    }
    expect((await run(['plan', av1, '--data', data])).stdout).toMatch(
      /^Would be left as it is\. The video is AV1 already\.$/m,
    );
    expect((await planOf(av1, data, [], { SKIP_AV1_FILES: 'false' })).plan.kind).toBe('convert');
  });

  it('takes a flag before the environment, that before what is stored, and that before the default', async () => {
    const { data, media } = makeHome();
    const film = makeClip(path.join(media, 'film.mp4'));
    const preset = async (more: string[] = [], env = {}) =>
      (await planOf(film, data, more, env)).plan.streams[0]?.preset;
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
  it('finds what is there, one line each', async () => {
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
    expect(words.stdout.split('\n').every((line) => /^(ok {2}|BAD ) /.test(line))).toBe(true);
  });

  it('says what to do where something is wrong', async () => {
    const { data } = makeHome();
    const env = { PATH: tempFolder(), MEDIA_DIRS: '/no/such/folder' };
    const { code, stdout } = await run(['doctor', '--data', data], { env });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^BAD {2}ffmpeg: .*install ffmpeg/m);
    expect(stdout).toMatch(/^BAD {2}ffprobe: /m);
    expect(stdout).toMatch(/^BAD {2}Library \/no\/such\/folder: /m);
  });

  it('takes the chosen ffmpeg, says so, and never another one in its place', async () => {
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
  it('--dry-run tells what would happen and the sum, and changes nothing', async () => {
    const { data, media } = makeHome();
    for (const name of ['one.mp4', 'sub/two.mkv']) makeClip(path.join(media, name));
    writeFileSync(path.join(media, 'empty.avi'), '');
    const before = treeOf(media);
    const dry = await convert(data, [media], ['--dry-run']);
    expect(dry).toMatchObject({ code: 0, stderr: '' });
    const films = dry.lines.filter((l) => l.type === 'file');
    expect(films.map((l) => `${l.path} ${l.would}`).sort()).toEqual([
      'empty.avi skipped',
      'one.mp4 convert',
      'sub/two.mkv convert',
    ]);
    const sizes = films.filter((l) => l.would === 'convert').map((l) => Number(l.size));
    expect(dry.lines.at(-1)).toMatchObject({
      ...{ type: 'summary', dryRun: true, files: 3, counts: { queued: 2, skipped: 1 } },
      sourceBytes: sizes.reduce((sum, size) => sum + size),
      estimatedBytes: films.reduce((sum, l) => sum + Number(l.estimate), 0),
    });
    const words = await run(['convert', media, '--dry-run', '--data', data, ...TINY]);
    expect(words.stdout).toMatch(
      /2 films of .*B could become about .*B; 1 film would be left as it is\. Nothing was changed\.$/,
    );
    expect(treeOf(media)).toEqual(before);
  });

  it('tells in words what it did', async () => {
    const { data, media } = makeHome();
    makeClip(path.join(media, 'film.mp4'));
    const { code, stdout } = await run(['convert', media, '--data', data, ...TINY]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Found 1 film\.$/m);
    expect(stdout).toMatch(/^done +film\.mkv: .*B → .*B \(−.*B, \d+ %\)$/m);
    expect(stdout).toMatch(/^1 film: 1 done\. .*B became .*B \(−.*B, \d+ %\)\.$/m);
  });

  it.for(['SIGINT', 'SIGTERM'] as const)(
    'on %s leaves no trace but the database, and the next run goes on',
    async (signal) => {
      const { data, media } = makeHome();
      makeClip(path.join(media, 'film.mp4'), { seconds: 10 });
      const before = treeOf(media);
      const slow = slowEncodes();
      const conversion = start(['convert', media, '--data', data, '--json', ...TINY], { env: slow.env });
      await until(() => expect(conversion.lines.some((l) => (l.frame ?? 0) > 0)).toBe(true));
      expect(slow.pids().filter(isAlive)).toHaveLength(1);
      // As a terminal does: everything it has started is told as well.
      for (const pid of [conversion.pid, ...slow.pids()]) process.kill(pid, signal);
      const { code, stderr, lines } = await conversion.end();
      expect({ code, stderr }).toEqual({ code: 130, stderr: '' });
      expect(lines.map((l) => l.text)).toContainEqual(expect.stringMatching(/nothing is lost/));
      expect(treeOf(media)).toEqual(before);
      expect(slow.pids().filter(isAlive)).toEqual([]);
      expect([filesIn(path.join(data, 'temp')), filesIn(path.join(data, 'children'))]).toEqual([[], []]);

      expect(outcomes(await convert(data, [media]))).toEqual(['film.mkv: done']);
    },
  );

  it('has nothing to do in a finished library, and asks ffprobe nothing', async () => {
    const { data, media } = makeHome();
    makeClip(path.join(media, 'film.mp4'));
    writeFileSync(path.join(media, 'noise.mkv'), 'no film at all');
    const log = path.join(tempFolder(), 'calls');
    writeFileSync(log, '');
    const env = wrap('ffprobe', `echo "$@" >> '${log}'; exec "$REAL" "$@"`);
    expect(outcomes(await convert(data, [media], [], { env }))).toEqual([
      'film.mkv: done',
      'noise.mkv: skipped (unreadable)',
    ]);
    expect(readFileSync(log, 'utf8')).toContain('film.mp4');
    writeFileSync(log, '');
    const before = treeOf(media);
    const again = await convert(data, [media], [], { env });
    expect(again.code).toBe(0);
    expect(outcomes(again)).toEqual([]);
    expect(again.lines.at(-1)).toMatchObject({ type: 'summary', counts: { done: 1, skipped: 1 } });
    expect(readFileSync(log, 'utf8')).toBe('');
    expect(treeOf(media)).toEqual(before);
  });

  const first = { oldest: 'bac', newest: 'cab', largest: 'abc', smallest: 'cba' };
  it.for(FILE_ORDERS)('takes the %s films first', async (order) => {
    const { data, media } = makeHome();
    const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000);
    makeClip(path.join(media, 'a.mp4'), { size: '160x120', modified: hoursAgo(2) });
    makeClip(path.join(media, 'b.mp4'), { size: '128x96', modified: hoursAgo(3) });
    makeClip(path.join(media, 'c.mp4'), { size: '96x64', modified: hoursAgo(1) });
    // The one that comes first takes longest to be looked into, and comes first all the same.
    const slow = `case "$*" in *show_chapters*/${first[order][0]}.mp4) sleep 1;; esac; exec "$REAL" "$@"`;
    const env = { ...wrap('ffprobe', slow), FILE_ORDER: order };
    const { lines } = await convert(data, [media], [], { env });
    const done = lines.filter((l) => l.type === 'file').map((l) => l.path);
    expect(done.join('')).toBe([...first[order]].map((name) => `${name}.mkv`).join(''));
  });

  it('takes a single film, and leaves the others of its folder alone', async () => {
    const { data, media } = makeHome();
    for (const name of ['one.mp4', 'two.mp4']) makeClip(path.join(media, name));
    expect(outcomes(await convert(data, [path.join(media, 'one.mp4')]))).toEqual(['one.mkv: done']);
    expect(existsSync(path.join(media, 'two.mp4'))).toBe(true);
  });

  it('keeps an original whose result saves too little', async () => {
    const { data, media } = makeHome();
    makeClip(path.join(media, 'film.mp4'));
    const before = treeOf(media);
    const ended = await convert(data, [media], ['--min-savings', '99']);
    expect(ended.code).toBe(0);
    expect(outcomes(ended)).toEqual(['film.mp4: skipped (no-savings)']);
    expect(treeOf(media)).toEqual(before);
    expect(outcomes(await convert(data, [media], ['--retry']))).toEqual(['film.mkv: done']);
  });
});

describe('the vault', () => {
  /** Two films, converted in testing mode; and what they were. */
  async function converted() {
    const { data, media } = makeHome();
    for (const [i, name] of ['one.mp4', 'two.mkv'].entries()) makeClip(path.join(media, name), { seconds: 1 + i });
    const before = treeOf(media);
    const ended = await convert(data, [media], ['--testing']);
    expect(outcomes(ended)).toEqual(['one.mkv: done', 'two.mkv: done']);
    return { data, media, before };
  }
  const list = async (data: string) => {
    const { stdout } = await run(['vault', 'list', '--json', '--data', data]);
    return (JSON.parse(stdout) as VaultEntry[]).map((entry) => path.basename(entry.original)).sort();
  };

  it('lists, restores and purges', async () => {
    const { data, media, before } = await converted();
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
    expect(nothing.stderr).toMatch(/^The vault holds no original of .*one\.mkv\.$/);
  });

  it('restores all, and the library is as it was', async () => {
    const { data, media, before } = await converted();
    expect((await run(['restore', '--all', '--data', data])).code).toBe(0);
    expect(treeOf(media)).toEqual(before);
  });

  it('refuses to restore over another file, and to purge what has no result', async () => {
    const { data, media } = await converted();
    makeClip(path.join(media, 'one.mp4'), { seconds: 2 });
    const mine = sha256(path.join(media, 'one.mp4'));
    const refused = await run(['restore', path.join(media, 'one.mp4'), '--data', data]);
    expect(refused.code).toBe(1);
    expect(refused.stdout).toMatch(/^kept as it is: .*one\.mp4 is another file now; .*\.$/);
    expect(sha256(path.join(media, 'one.mp4'))).toBe(mine);
    expect(existsSync(path.join(media, 'one.mkv'))).toBe(true);
  });

  it('is reached through the server that holds the data folder', async () => {
    const { data, media, before } = await converted();
    const server = await serve(data);
    expect(await list(data)).toEqual(['one.mp4', 'two.mkv']);
    // Relative to where the user is, not to where the server was started.
    const restored = await run(['restore', 'one.mkv', '--data', data], { cwd: media });
    expect(restored).toMatchObject({ code: 0, stdout: `restored ${path.join(media, 'one.mp4')}` });
    expect(treeOf(media)['one.mp4']).toBe(before['one.mp4']);
    expect((await run(['restore', 'no.mkv', '--data', data], { cwd: media })).stderr).toMatch(/^The vault holds no/);
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
