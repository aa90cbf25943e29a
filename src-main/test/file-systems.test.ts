/** Replacements on disks in the library, without links, without rights, and where not everything may be written to. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, renameSync, statfsSync, writeFileSync } from 'node:fs';
import { chmod, chown, link, lstat, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { Fault } from '../../src-shared/util/errors.ts';
import type { RunningNode } from '../app/types.ts';
import type { VaultRow } from '../db/tables/swaps.ts';
import { DiskSpace } from '../fs/disk-space.ts';
import { copyMetadata, tempCopyPath } from '../fs/safe-fs.ts';
import type { MasterContext } from '../master/context.ts';
import { requireReplaceable } from '../master/files/replaceable.ts';
import { Uploads } from '../master/transfer/uploads.ts';
import { keptPath } from '../master/vault/vault-folder.ts';
import { CAN_MOUNT, mounted, mountLinkless, NO_MOUNT } from './support/disk.ts';
import { asUser, makeLibrary, root, start } from './support/library.ts';
import { tempFolder } from './support/temp.ts';

describe('unusual file systems', () => {
  test.skipIf(!CAN_MOUNT)(`a disk mounted in the library has its own vault (${NO_MOUNT})`, async () => {
    const { at, names, convert, read, vault, swaps } = await makeLibrary();
    mounted(at('disk'), '-t', 'tmpfs', '-o', 'size=4m', 'tmpfs');
    await writeFile(at('disk/video.mp4'), 'original');
    const { ino } = await lstat(at('disk/video.mp4'));
    const { swap, row } = await convert('disk/video.mp4');
    expect(swap.kept).toBe(keptPath(at('disk/.flotilla/vault'), swap.id));
    // Linked, not copied.
    expect((await lstat(swap.kept)).ino).toBe(ino);
    expect(await read('disk/video.mkv')).toBe('result of disk/video.mp4');
    await vault.restore(row);
    expect([await names(), swaps.vault()]).toEqual([['disk', 'disk/video.mp4'], []]);
  });

  test.skipIf(!CAN_MOUNT).for(['video.mkv', 'video.mp4'])(
    `originals are copied if neither links nor renames reach the vault: %s (${NO_MOUNT})`,
    async (name) => {
      const { home, at, names, convert, read, vault } = await makeLibrary();
      // The same file system mounted twice, as with two volumes of a container.
      await mkdir(path.join(home, 'volume'));
      mounted(at('volume'), '--bind', path.join(home, 'volume'));
      const { swap, row } = await convert(`volume/${name}`);
      expect(swap.kept).toBe(keptPath(at('.flotilla/vault'), swap.id));
      expect(await readFile(swap.kept, 'utf8')).toBe(`original of volume/${name}`);
      expect(await read('volume/video.mkv')).toBe(`result of volume/${name}`);
      await vault.restore(row);
      expect([await names(), await read(`volume/${name}`)]).toEqual([
        ['volume', `volume/${name}`],
        `original of volume/${name}`,
      ]);
    },
  );

  test.skipIf(!CAN_MOUNT).for(['video.mkv', 'video.mp4'])(
    `a file that appears while an original is copied is never lost: %s (${NO_MOUNT})`,
    async (name) => {
      const { home, at, convert, deliver, replace, state, vault, swaps } = await makeLibrary();
      await mkdir(path.join(home, 'volume'));
      mounted(at('volume'), '--bind', path.join(home, 'volume'));
      const video = at(`volume/${name}`);
      const result = at('volume/video.mkv');
      await writeFile(video, Buffer.alloc(30_000_000, 'original'));
      const { file, swap } = await deliver(`volume/${name}`);
      await writeFile(`${video}.new`, 'a better version');
      const appeared = onceThere(tempCopyPath(swap.kept), () => renameSync(`${video}.new`, video));
      await expect(replace(swap)).rejects.toMatchObject({ message: /was changed/ });
      await appeared;
      expect([await readFile(video, 'utf8'), state(file)]).toEqual(['a better version', 'found']);

      // Nor is what comes while it is restored.
      await rm(video);
      await writeFile(at('volume/other.avi'), Buffer.alloc(30_000_000, 'original'));
      await rename(at('volume/other.avi'), at(`volume/second-${name}`));
      const { row } = await convert(`volume/second-${name}`);
      const other = onceThere(tempCopyPath(row.original), () => {
        if (existsSync(row.original)) renameSync(row.original, at('volume/of somebody else'));
        writeFileSync(row.original, 'of somebody else');
      });
      await expect(vault.restore(row)).rejects.toMatchObject({ message: /is another file now/ });
      await other;
      expect(await readFile(row.original, 'utf8')).toBe('of somebody else');
      expect([(await lstat(row.kept)).size, swaps.restoring(), existsSync(result)]).toEqual([30_000_000, [], false]);
    },
  );

  test.skipIf(!CAN_MOUNT).for(['video.mkv', 'video.mp4'])(
    `a disk without hard links keeps originals and results: %s (${NO_MOUNT}, and FAT or exFAT)`,
    async (name, { skip }) => {
      const { home, at, names, convert, deliver, replace, read, vault, state } = await makeLibrary();
      if (!mountLinkless(path.join(home, 'image'), at('stick'))) skip('no FAT or exFAT here');
      const { swap, row } = await convert(`stick/${name}`);
      expect([await read('stick/video.mkv'), await readFile(swap.kept, 'utf8')]).toEqual([
        `result of stick/${name}`,
        `original of stick/${name}`,
      ]);
      await vault.restore(row);
      expect([await names(), await read(`stick/${name}`)]).toEqual([
        ['stick', `stick/${name}`],
        `original of stick/${name}`,
      ]);
      // Nor is anything overwritten there.
      const blocked = await deliver('stick/other.mp4');
      await writeFile(at('stick/other.mkv'), 'of somebody else');
      await expect(replace(blocked.swap)).rejects.toMatchObject({ code: 'conflict', message: /other\.mkv appeared/ });
      expect([await read('stick/other.mkv'), await read('stick/other.mp4'), state(blocked.file)]).toEqual([
        'of somebody else',
        'original of stick/other.mp4',
        'blocked',
      ]);
    },
  );

  test.skipIf(!CAN_MOUNT)(
    `a name that differs only in case is the same file on a case-insensitive disk (${NO_MOUNT}, and FAT or exFAT)`,
    async ({ skip }) => {
      const { home, at, convert, vault, state } = await makeLibrary();
      if (!mountLinkless(path.join(home, 'image'), at('stick'))) skip('no FAT or exFAT here');
      const { file, swap, row } = await convert('stick/Video.MKV');
      expect(state(file)).toBe('done');
      expect(await readFile(at('stick/video.mkv'), 'utf8')).toBe('result of stick/Video.MKV');
      expect(await readFile(swap.kept, 'utf8')).toBe('original of stick/Video.MKV');
      await vault.restore(row);
      expect(await readFile(at('stick/video.mkv'), 'utf8')).toBe('original of stick/Video.MKV');
      expect(await readdir(at('stick'))).toEqual(['Video.MKV']);
    },
  );

  test.skipIf(!CAN_MOUNT)(
    `a disk without room for the vault's notes keeps original and result (${NO_MOUNT})`,
    async () => {
      const { at, deliver, replace, read, state, journal, swapper } = await makeLibrary();
      mounted(at('disk'), '-t', 'tmpfs', '-o', 'size=64k,nr_inodes=14', 'tmpfs');
      const { file, swap } = await deliver('disk/video.mp4');
      const fillers = fillInodes(at('disk'));
      await expect(replace(swap)).rejects.toThrow();
      expect([await read('disk/video.mp4'), await readFile(swap.staged, 'utf8')]).toEqual([
        'original of disk/video.mp4',
        'result of disk/video.mp4',
      ]);
      expect([state(file), journal()]).toEqual(['blocked', [swap.id]]);
      for (const filler of fillers) await rm(filler);
      expect(await swapper.retry()).toBe(0);
      expect([await read('disk/video.mkv'), state(file)]).toEqual(['result of disk/video.mp4', 'done']);
    },
  );

  test.skipIf(!CAN_MOUNT)(
    `a temporary folder without hard links keeps an upload that can't be accepted (${NO_MOUNT}, and FAT or exFAT)`,
    async ({ skip }) => {
      const home = tempFolder();
      if (!mountLinkless(path.join(home, 'image'), path.join(home, 'stick'))) skip('no FAT or exFAT here');
      const folder = path.join(home, 'stick/uploads');
      await mkdir(folder);
      await writeFile(path.join(folder, '1-1'), 'result');
      await writeFile(path.join(folder, '1-1.json'), JSON.stringify({ size: 6 }));
      const lease = { task: 1, epoch: 1 };
      const taken: string[] = [];
      let full = true;
      const start = async () => {
        const requireHeld = () => {
          if (taken.length > 0) throw new Fault('fenced', 'It is over.');
        };
        const accept = async (_: unknown, { file }: { file: string }) => {
          if (full) throw new Fault('node', 'The disk is full.');
          taken.push(await readFile(file, 'utf8'));
        };
        const parts = { folder, dispatcher: { requireHeld }, intake: { accept }, space: new DiskSpace() };
        const uploads = new Uploads({} as MasterContext, parts as unknown as ConstructorParameters<typeof Uploads>[1]);
        await uploads.recover();
        const sha256 = createHash('sha256').update('result').digest('hex');
        return () =>
          uploads.deliver(lease, 'there', { sha256, decodedFrames: [], captionLines: 0, damaged: false, log: '' });
      };
      const deliver = await start();
      for (let again = 0; again < 2; again++) await expect(deliver()).rejects.toThrow('The disk is full.');
      expect((await readdir(folder)).sort()).toEqual(['1-1', '1-1.json']);
      // A crash while it is handed over.
      await rename(path.join(folder, '1-1'), path.join(folder, '1-1.result'));
      full = false;
      await (await start())();
      expect([taken, await readdir(folder)]).toEqual([['result'], []]);
    },
  );

  test.skipIf(!root || process.platform !== 'linux').for(['video.mkv', 'video.mp4'])(
    'an original is renamed into the vault if Flotilla may neither link nor chown: %s (needs root)',
    async (name, { skip }) => {
      const { home, at, names, deliver, replace, read, vault, swaps } = await makeLibrary();
      // The kernel lets nobody link to a file that is not theirs, unless they may write to it.
      if ((await readFile('/proc/sys/fs/protected_hardlinks', 'utf8').catch(() => '0')).trim() !== '1') {
        skip('this kernel allows links to the files of others');
      }
      await writeFile(at(name), `original of ${name}`);
      await chmod(at(name), 0o644);
      const { ino } = await lstat(at(name));
      execFileSync('chown', ['-R', '12345:12345', home]);
      await chown(at(name), 0, 0);
      const { swap } = await asUser(12345, async () => {
        await expect(link(at(name), at('link'))).rejects.toMatchObject({ code: 'EPERM' });
        const delivered = await deliver(name);
        await replace(delivered.swap);
        return delivered;
      });
      const kept = await lstat(swap.kept);
      expect([kept.ino, kept.uid]).toEqual([ino, 0]);
      const placed = await lstat(at('video.mkv'));
      expect([placed.uid, placed.gid, placed.mode & 0o777]).toEqual([12345, 12345, 0o644]);
      expect(await read('video.mkv')).toBe(`result of ${name}`);
      await asUser(12345, () => vault.restore(swaps.vaultEntry(swap.id) as VaultRow));
      expect([await names(), (await lstat(at(name))).ino]).toEqual([[name], ino]);
    },
  );

  test.skipIf(!root || !CAN_MOUNT).for(['video.mkv', 'video.mp4'])(
    `a read-only original is replaced and restored: %s (needs root on Linux, to be another user)`,
    async (name) => {
      const { home, at, deliver, replace, read, vault, swaps } = await makeLibrary();
      // There it is linked into the vault, and in the volume it is copied.
      await mkdir(path.join(home, 'volume'));
      mounted(at('volume'), '--bind', path.join(home, 'volume'));
      for (const video of [name, `volume/${name}`]) {
        await writeFile(at(video), `original of ${video}`);
        await chmod(at(video), 0o444);
        const { mtimeMs } = await lstat(at(video));
        execFileSync('chown', ['-R', '12345:12345', home]);
        const { swap } = await asUser(12345, async () => {
          const delivered = await deliver(video);
          await replace(delivered.swap);
          return delivered;
        });
        for (const file of [swap.target, swap.kept]) {
          const stat = await lstat(file);
          expect([file, stat.mode & 0o777, stat.uid]).toEqual([file, 0o444, 12345]);
          expect(Math.abs(stat.mtimeMs - mtimeMs)).toBeLessThan(1);
        }
        await asUser(12345, () => vault.restore(swaps.vaultEntry(swap.id) as VaultRow));
        expect(await read(video)).toBe(`original of ${video}`);
      }
    },
  );

  test.skipIf(!CAN_MOUNT)(`room for a copy in the vault is checked before the encode (${NO_MOUNT})`, async () => {
    const home = tempFolder();
    const library = path.join(home, 'library');
    mounted(library, '-t', 'tmpfs', '-o', 'size=3m', 'tmpfs');
    await mkdir(path.join(library, 'other'));
    mounted(path.join(library, 'volume'), '--bind', path.join(library, 'other'));
    const video = path.join(library, 'volume/video.mkv');
    await writeFile(video, Buffer.alloc(2_000_000));
    const ask = () => requireReplaceable(video, 'mkv', library);
    await expect(ask()).rejects.toMatchObject({
      code: 'conflict',
      message: /copied into the vault .* free some space/,
    });
    await writeFile(video, Buffer.alloc(1_000_000));
    await ask();
    expect((await readdir(library, { recursive: true })).sort()).toEqual(
      ['other', 'other/video.mkv', 'volume', 'volume/video.mkv'].sort(),
    );
  });

  test('a video that is read-only is refused before the encode on Windows, and only there', async () => {
    const { at, library } = await makeLibrary();
    await writeFile(at('video.mkv'), '');
    await chmod(at('video.mkv'), 0o444);
    const ask = () => requireReplaceable(at('video.mkv'), 'mkv', library);
    if (process.platform !== 'win32') await ask();
    vi.stubGlobal('process', Object.create(process, { platform: { value: 'win32' } }));
    onTestFinished(() => void vi.unstubAllGlobals());
    await expect(ask()).rejects.toMatchObject({ code: 'conflict', message: /video\.mkv is read-only/ });
    await chmod(at('video.mkv'), 0o644);
    await ask();
  });

  test.skipIf(!root || process.platform !== 'linux')(
    'a video that is protected, or that only other users may move, is refused before the encode (needs root on Linux)',
    async () => {
      const { at, library } = await makeLibrary();
      await mkdir(at('sticky'));
      await chmod(at('sticky'), 0o1777);
      await writeFile(at('sticky/video.mkv'), '');
      const ask = (video: string) => requireReplaceable(at(video), 'mkv', library);
      await ask('sticky/video.mkv');
      execFileSync('chmod', ['-R', 'o+rX', path.dirname(library)]);
      const denied = asUser(12345, () => ask('sticky/video.mkv'));
      await expect(denied).rejects.toMatchObject({ code: 'conflict', message: /Only the owner/ });
      await writeFile(at('video.mkv'), '');
      try {
        execFileSync('chattr', ['+i', at('video.mkv')], { stdio: 'ignore' });
      } catch {
        return; // Not known to this file system.
      }
      await expect(
        ask('video.mkv').finally(() => execFileSync('chattr', ['-i', at('video.mkv')])),
      ).rejects.toMatchObject({
        code: 'conflict',
        message: /protected/,
      });
    },
  );

  test.skipIf(!root || process.platform !== 'linux')(
    'the group is kept if the owner cannot be, and so are extended attributes and access lists (needs root on Linux)',
    async () => {
      const { at, library } = await makeLibrary();
      execFileSync('chmod', ['777', path.dirname(library), library]);
      await writeFile(at('video.mkv'), '');
      await chmod(at('video.mkv'), 0o660);
      await chown(at('video.mkv'), 3000, 2000);
      // In the kernel's form (linux/posix_acl_xattr.h): the user 4000 may read and write what its owner and group may.
      const acl = "struct.pack('<I' + 'HHI' * 5, 2, 1,6,none, 2,6,4000, 4,6,none, 16,6,none, 32,0,none)";
      const set = `import os, struct, sys; none = 2**32 - 1; os.setxattr(sys.argv[1], 'user.comment', b'seen'); os.setxattr(sys.argv[1], 'system.posix_acl_access', ${acl})`;
      const get =
        "import os, sys; print(os.getxattr(sys.argv[1], 'user.comment').decode(), (4000).to_bytes(4, 'little') in os.getxattr(sys.argv[1], 'system.posix_acl_access'), end='')";
      const python = (...args: string[]) =>
        execFileSync('python3', ['-c', ...args], { encoding: 'utf8', stdio: 'pipe' });
      let hasAttributes = true;
      try {
        python(set, at('video.mkv'));
      } catch {
        hasAttributes = false;
      }
      const groups = process.getgroups?.() ?? [];
      process.setgroups?.([2000]);
      try {
        await asUser(1000, async () => {
          await writeFile(at('result.mkv'), '');
          await copyMetadata(at('video.mkv'), at('result.mkv'));
        });
      } finally {
        process.setgroups?.(groups);
      }
      const { uid, gid, mode } = await lstat(at('result.mkv'));
      expect([uid, gid, mode & 0o777]).toEqual([1000, 2000, 0o660]);
      if (hasAttributes) expect(python(get, at('result.mkv'))).toBe('seen True');
    },
  );

  test.skipIf(!CAN_MOUNT)(`a result without room is not encoded again after a restart (${NO_MOUNT})`, async () => {
    const home = tempFolder();
    const library = path.join(home, 'library');
    mounted(library, '-t', 'tmpfs', '-o', 'size=4m', 'tmpfs');
    await makeClip(path.join(library, 'video.mkv'));
    const data = path.join(home, 'data');
    const node = await start(data);
    const full = new Promise<void>((resolve) => {
      node.on('progress', ({ progress: { stage } }) => {
        // Once the encode has begun; what is asked beforehand is answered.
        if (stage !== 'encoding' || existsSync(path.join(library, 'filler'))) return;
        const { bavail, bsize } = statfsSync(library);
        writeFileSync(path.join(library, 'filler'), Buffer.alloc((bavail - 2) * bsize));
      });
      node.on('library', ({ paused }) => paused && resolve());
    });
    const { library: view } = await node.call('library.add', { path: library, watched: false });
    node.limitTo([{ library: view.id, prefix: '' }]);
    await node.call('library.scan', { library: view.id });
    node.startWorker();
    await full;
    await node.stop();

    await rm(path.join(library, 'filler'));
    const again = await start(data);
    again.limitTo([{ library: view.id, prefix: '' }]);
    const stages = new Set<string>();
    again.on('progress', ({ progress: { stage } }) => stages.add(stage));
    await again.call('library.scan', { library: view.id });
    again.startWorker();
    await untilIdle(again);
    const [video] = await again.call('file.list', { library: view.id, after: 0, limit: 10 });
    expect([video?.state, stages.has('encoding')]).toEqual(['done', false]);
  });

  test.skipIf(!CAN_MOUNT)('a folder that cannot be written to blocks the video with the reason', async () => {
    const home = tempFolder();
    const library = path.join(home, 'library');
    mounted(library, '-t', 'tmpfs', '-o', 'size=8m', 'tmpfs');
    await makeClip(path.join(library, 'video.mkv'));
    execFileSync('mount', ['-o', 'remount,ro', library]);
    const node = await start(path.join(home, 'data'));
    const { library: view } = await node.call('library.add', { path: library, watched: false });
    node.limitTo([{ library: view.id, prefix: '' }]);
    await node.call('library.scan', { library: view.id });
    node.startWorker();
    await untilIdle(node);
    const [video] = await node.call('file.list', { library: view.id, after: 0, limit: 10 });
    expect(video).toMatchObject({
      state: 'blocked',
      reason: expect.stringContaining(`isn't allowed to write in ${library}`),
    });

    // The next scan takes it up again.
    execFileSync('mount', ['-o', 'remount,rw', library]);
    await node.call('library.scan', { library: view.id });
    await untilIdle(node);
    const [again] = await node.call('file.list', { library: view.id, after: 0, limit: 10 });
    expect(again).toMatchObject({ state: 'done' });
  });
});

/** Does `act` as soon as a file is there. */
async function onceThere(file: string, act: () => void): Promise<void> {
  await vi.waitUntil(() => existsSync(file), { interval: 1, timeout: 10_000 });
  act();
}

/** Makes empty files until there can be no more of them. @returns their paths */
function fillInodes(folder: string): string[] {
  const made: string[] = [];
  for (;;) {
    const file = path.join(folder, `filler-${made.length}`);
    try {
      writeFileSync(file, '');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      return made;
    }
    made.push(file);
  }
}

async function untilIdle(node: RunningNode): Promise<void> {
  while (!node.isIdle()) {
    await new Promise<void>((resolve) => {
      const off = node.on('idle', () => {
        off();
        resolve();
      });
    });
  }
}

async function makeClip(file: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const codec = ['-c:v', 'libx264', '-preset', 'ultrafast', '-b:v', '5M', '-pix_fmt', 'yuv420p'];
  execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=320x180:duration=1', ...codec, file]);
}
