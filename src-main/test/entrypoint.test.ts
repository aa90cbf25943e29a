/** docker-entrypoint.sh as root in a file system of its own, which ends with it: what a container would be to it. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  chownSync as own,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeClip } from './support/clips.ts';
import { Container, REPOSITORY } from './support/containers.ts';
import { CAN_MOUNT, NO_MOUNT } from './support/disk.ts';
import { treeOf } from './support/files.ts';
import { whenServing } from './support/instance.ts';
import { callerOf } from './support/server.ts';
import { tempFolder } from './support/temp.ts';
import { until } from './support/wait.ts';

const ROOT_ONLY = 'root:x:0:0:root:/root:/bin/sh\n';
const PATH = '/stubs:/app/node_modules/node/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const USER = { PUID: '4242', PGID: '4343' };
/** Small and quick. */
const SERVE = ['serve', '--settle', '0', '--preset', '13', '--min-savings', '0'];

/** A container's root folder: the system's programs, no users but root, an own /data, /media and /tmp. */
class Box {
  readonly root = tempFolder();

  constructor() {
    chmodSync(this.root, 0o755);
    for (const name of ['app', 'data', 'dev', 'etc', 'media', 'mnt', 'proc', 'stubs', 'tmp', 'usr']) {
      mkdirSync(path.join(this.root, name), { mode: name === 'tmp' ? 0o777 : 0o755 });
    }
    for (const name of ['bin', 'lib', 'lib64', 'sbin']) {
      if (existsSync(`/${name}`)) symlinkSync(readlinkSync(`/${name}`), path.join(this.root, name));
    }
    writeFileSync(path.join(this.root, 'passwd'), ROOT_ONLY);
  }

  at(place: string): string {
    return path.join(this.root, place);
  }

  /** Puts a script in the place of a program. */
  stub(program: string, script: string): void {
    writeFileSync(this.at(`stubs/${program}`), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }

  /** @param more `mounts`: commands that are run first, in `$ROOT`; `as`: what starts the entrypoint */
  start(args: string[], env: Record<string, string>, more: { mounts?: string; as?: string[] } = {}): Container {
    const script = `set -e
      for name in usr etc; do mount --rbind /$name "$ROOT/$name"; mount -o remount,bind,ro "$ROOT/$name"; done
      mount --bind "$ROOT/passwd" "$ROOT/etc/passwd"
      mount --rbind /dev "$ROOT/dev"; mount --rbind /proc "$ROOT/proc"
      mount --bind "$APP" "$ROOT/app"
      ${more.mounts ?? ''}
      exec chroot "$ROOT" env -i "$@"`;
    const given = Object.entries({ PATH, ...env }).map(([key, value]) => `${key}=${value}`);
    const command = [...given, ...(more.as ?? []), '/app/docker-entrypoint.sh', ...args];
    return new Container(['unshare', '--mount', 'sh', '-c', script, 'sh', ...command], {
      PATH: process.env.PATH ?? '',
      ROOT: this.root,
      APP: REPOSITORY,
    });
  }

  async run(...args: Parameters<Box['start']>): Promise<{ code: number | undefined; output: string }> {
    const container = this.start(...args);
    return { code: await container.end(), output: container.output };
  }
}

const owner = (file: string) => `${statSync(file).uid}:${statSync(file).gid}`;

describe.skipIf(!CAN_MOUNT)(`the entrypoint (${NO_MOUNT})`, () => {
  it('the entrypoint gives the data folder to PUID and PGID, runs as them, and keeps existing files', async () => {
    const box = new Box();
    makeClip(box.at('media/video.mp4'));
    for (const place of ['media', 'media/video.mp4']) own(box.at(place), 4242, 4343);
    const env = { ...USER, MEDIA_DIRS: '/media', WEB_PORT: '0', LISTEN: '0.0.0.0', TESTING_MODE: 'true' };
    const first = box.start(SERVE, env);
    const { url } = await whenServing(first, box.at('data'));
    const status = readFileSync(`/proc/${first.pid}/status`, 'utf8');
    expect(status).toMatch(/^Uid:\s+4242\s+4242\s+4242\s+4242$/m);
    expect(status).toMatch(/^Gid:\s+4343\s+4343\s+4343\s+4343$/m);
    expect(status).toMatch(/^Groups:\s*$/m);
    expect(status).toMatch(/^CapEff:\s+0+$/m);
    for (const name of ['flotilla.db', 'quality_lookup.json', 'audio_codec_lookup.json', 'token', 'device.pem']) {
      expect(owner(box.at(`data/${name}`))).toBe('4242:4343');
    }
    expect(statSync(box.at('data/token')).mode & 0o777).toBe(0o600);
    expect((await fetch(`${url}/api/status`)).status).toBe(200);
    expect(await box.run(['health'], USER)).toMatchObject({ code: 0, output: expect.stringMatching(/answers at/) });
    const call = callerOf(url, box.at('data'));
    await until(async () => expect((await call('queue.summary')).counts).toMatchObject({ done: 1 }));
    expect(owner(box.at('media/video.mkv'))).toBe('4242:4343');
    // It names users by number who have no name.
    const { problem } = await call('folder.list', { path: '/usr' });
    expect(problem).toBe("Flotilla couldn't replace videos in /usr: user 4242 isn't allowed to write there.");
    expect(await first.stop(60)).toBe(0);
    expect(await box.run(['health'], USER)).toMatchObject({ code: 1, output: 'No Flotilla is running in /data.\n' });

    const token = readFileSync(box.at('data/token'), 'utf8');
    const table = readFileSync(box.at('data/audio_codec_lookup.json'), 'utf8').replace(/\d+,/, '123,');
    writeFileSync(box.at('data/audio_codec_lookup.json'), table);
    writeFileSync(box.at('data/by-root'), '');
    const again = box.start(SERVE, { ...env, PUID: '4545', MEDIA_DIRS: '/media' });
    await whenServing(again, box.at('data'));
    // Printed when the start is complete, so that it ends in good order.
    await again.says(/http:\S+/);
    expect(again.output).toMatch(/User 4545:4343 may not write to \/media: its videos are analyzed/);
    for (const name of ['flotilla.db', 'token', 'by-root']) expect(owner(box.at(`data/${name}`))).toBe('4545:4343');
    expect(readFileSync(box.at('data/token'), 'utf8')).toBe(token);
    expect(readFileSync(box.at('data/audio_codec_lookup.json'), 'utf8')).toBe(table);
    expect(await again.stop(60)).toBe(0);
  });

  it('read-only media are reported and left unchanged', async () => {
    const box = new Box();
    makeClip(box.at('media/video.mp4'));
    own(box.at('media'), 4242, 4343);
    const before = treeOf(box.at('media'));
    const env = { ...USER, MEDIA_DIRS: '/media', WEB_PORT: '0' };
    const mounts = 'mount --bind "$ROOT/media" "$ROOT/media"; mount -o remount,bind,ro "$ROOT/media"';
    const container = box.start(SERVE, env, { mounts });
    await container.says(/User 4242:4343 may not write to \/media: its videos are analyzed, but none can be replaced/);
    const { url } = await whenServing(container, box.at('data'));
    const call = callerOf(url, box.at('data'));
    await until(async () => expect(['found', 'running']).not.toContain((await call('file.list'))[0]?.state ?? 'found'));
    expect((await call('queue.summary')).counts.done).toBe(0);
    expect(await container.stop(60)).toBe(0);
    expect(treeOf(box.at('media'))).toEqual(before);
  });

  const stubbed = () => {
    const box = new Box();
    // What the program would be started with.
    box.stub('node', 'id -u; id -g; id -G; printf "%s\\n" "$@"; env');
    box.stub(
      'mount',
      `printf '%s\\n' "$@" >>/stubs/args
       file=$(printf '%s\\n' "$@" | sed -n 's/.*credentials=\\([^,]*\\).*/\\1/p')
       [ -z "$file" ] || { stat -c '%a %u' "$file"; cat "$file"; } >>/stubs/credentials
       tr '\\0' '\\n' </proc/$$/cmdline >>/stubs/args
       [ ! -e /stubs/says ] || { cat /stubs/says >&2; exit 32; }`,
    );
    return box;
  };
  const SMB = { SMB_HOST: 'nas', SMB_SHARE: 'videos', SMB_USERNAME: 'anna', SMB_PASSWORD: 'pass,word "1"' };

  it('shares are mounted with the password in a temporary file', async () => {
    const box = stubbed();
    const shares = {
      ...SMB,
      SMB_SHARE: '',
      SMB_SHARES: 'videos, Home Videos=/mnt/home ,',
      SMB_DOMAIN: 'HOME',
      SMB_VERSION: '3.1.1',
    };
    const { code, output } = await box.run(['serve'], { ...USER, ...shares });
    expect(output).toMatch(/^flotilla: The share \/\/nas\/videos is mounted at \/media\/videos\.$/m);
    expect(code).toBe(0);
    expect(output).toMatch(/^4242\n4343\n4343\n\/app\/out\/main\/headless\.js\nserve$/m);
    expect(output).toMatch(/^MEDIA_DIRS=\/media\/videos,\/mnt\/home$/m);
    expect(output).toMatch(/^HOME=\/data$/m);
    const args = readFileSync(box.at('stubs/args'), 'utf8');
    expect(args).toMatch(/^-t\ncifs\n\/\/nas\/videos\n\/media\/videos\n-o\nuid=4242,gid=4343,.*vers=3\.1\.1,/m);
    expect(args).toContain('//nas/Home Videos\n/mnt/home\n');
    expect(`${args}${output}`).not.toMatch(/pass,word|SMB_PASSWORD|SMB_USERNAME/);
    const seen = readFileSync(box.at('stubs/credentials'), 'utf8');
    expect(seen.split('\n').slice(0, 4)).toEqual(['600 0', 'username=anna', 'password=pass,word "1"', 'domain=HOME']);
    const [file = ''] = /(?<=credentials=)[^,\n]+/.exec(args) ?? [];
    expect(file).toMatch(/^\/dev\/shm\//);
    expect(existsSync(file)).toBe(false);

    rmSync(box.at('stubs/args'));
    writeFileSync(box.at('tmp/password'), 'from a file\n');
    const secret = { SMB_PASSWORD: '', SMB_PASSWORD_FILE: '/tmp/password', MEDIA_DIRS: '/media' };
    expect((await box.run(['worker'], { ...USER, ...SMB, ...secret })).output).toMatch(/^MEDIA_DIRS=\/media$/m);
    expect(readFileSync(box.at('stubs/credentials'), 'utf8')).toContain('password=from a file\n');
    // Other commands mount nothing.
    rmSync(box.at('stubs/args'));
    expect((await box.run(['pair', 'list'], { ...USER, ...SMB })).output).toMatch(/^4242\n/);
    expect(existsSync(box.at('stubs/args'))).toBe(false);
  });

  it.each([
    ['mount error(13): Permission denied', /was not mounted: it lets this user not in; look at SMB_USERNAME/],
    ['mount error(2): No such file or directory', /videos was not mounted: nas has no such share/],
    ['mount error(113): No route to host', /nas does not answer; look at SMB_HOST/],
    ['mount error: could not resolve address for nas: Unknown error', /nas does not answer/],
    ['mount error(95): Operation not supported', /nas does not speak SMB_VERSION default/],
    ['mount error(1): Operation not permitted', /cap_add: \[SYS_ADMIN, DAC_READ_SEARCH\]/],
    ['mount: something\nelse', /mount says: mount: something else/],
  ])('tells why a share is not mounted: %s', async (says, sentence) => {
    const box = stubbed();
    writeFileSync(box.at('stubs/says'), `${says}\n`);
    const { code, output } = await box.run(['serve'], { ...USER, ...SMB });
    expect([code, output]).toEqual([2, expect.stringMatching(sentence)]);
    expect(output.trim().split('\n')).toHaveLength(1);
    const [file = ''] = /(?<=credentials=)[^,\n]+/.exec(readFileSync(box.at('stubs/args'), 'utf8')) ?? [];
    expect([file === '', existsSync(file)]).toEqual([false, false]);
  });

  it('the entrypoint refuses invalid values with one sentence, and starts nothing', async () => {
    const box = stubbed();
    mkdirSync(box.at('mnt/private'), { mode: 0o700 });
    const wrong: [Record<string, string>, RegExp][] = [
      [{ PUID: 'anna' }, /PUID is "anna", but must be the number of a user/],
      [{ PGID: '-1' }, /PGID is "-1", but must be the number of a group/],
      [{ MEDIA_DIRS: '/media, /videos' }, /MEDIA_DIRS names \/videos, which is not in the container/],
      [{ MEDIA_DIRS: '/mnt/private' }, /may not read \/mnt\/private, which belongs to 0:0; set PUID and PGID/],
      [{ TEMP_DIR: '/mnt/private' }, /may not write to TEMP_DIR, \/mnt\/private/],
      [{ SMB_HOST: 'nas' }, /SMB_SHARE is missing/],
      [{ SMB_SHARE: 'videos' }, /SMB_HOST is missing/],
      [{ ...SMB, SMB_HOST: '//nas/videos' }, /SMB_HOST is "\/\/nas\/videos", but must be a name or an address/],
      [{ ...SMB, SMB_HOST: 'nas,vers=1.0' }, /SMB_HOST is/],
      [{ ...SMB, SMB_VERSION: '4' }, /SMB_VERSION is "4", but must be/],
      [{ ...SMB, SMB_PASSWORD: '' }, /SMB_PASSWORD or SMB_PASSWORD_FILE is missing for SMB_USERNAME anna/],
      [{ ...SMB, SMB_USERNAME: '' }, /SMB_USERNAME is missing/],
      [{ ...SMB, SMB_USERNAME: 'anna\npassword=x' }, /must be one line each/],
      [{ ...SMB, SMB_PASSWORD_FILE: '/nowhere' }, /SMB_PASSWORD_FILE is \/nowhere, which cannot be read/],
      [{ ...SMB, SMB_SHARE: '../etc' }, /"\.\.\/etc" isn.t the name of an SMB share/],
      [{ ...SMB, SMB_SHARE: 'videos=media' }, /cannot be mounted at "media"/],
    ];
    for (const [env, sentence] of wrong) {
      const { code, output } = await box.run(['serve'], { ...USER, ...env });
      expect([code, output]).toEqual([2, expect.stringMatching(sentence)]);
    }
    expect(existsSync(box.at('stubs/args'))).toBe(false);
  });

  it("a container started as another user runs as that user, who can't mount shares", async () => {
    const box = stubbed();
    own(box.at('data'), 5000, 5000);
    const as = ['setpriv', '--reuid', '5000', '--regid', '5000', '--clear-groups', '--'];
    expect(await box.run(['worker'], USER, { as })).toMatchObject({
      code: 0,
      output: expect.stringMatching(/^5000\n5000\n/),
    });
    const { code, output } = await box.run(['worker'], { ...USER, ...SMB }, { as });
    expect([code, output]).toEqual([2, expect.stringMatching(/only be mounted by a container that starts as root/)]);
    own(box.at('data'), 0, 0);
    expect(await box.run(['worker'], USER, { as })).toMatchObject({
      code: 2,
      output: expect.stringMatching(/User 5000:5000 may not write to the data folder \/data/),
    });
  });
});
