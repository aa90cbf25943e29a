/** Disks that do not answer: whoever asks them waits in the kernel, as with a network mount whose server is gone. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, rmSync } from 'node:fs';
import { onTestFinished } from 'vitest';

/** Puts something in the place of a file that holds whoever opens it, until the test ends. */
export function holdReaders(file: string): void {
  rmSync(file, { force: true });
  execFileSync('mkfifo', [file]);
  onTestFinished(() => closeSync(openSync(file, constants.O_RDWR | constants.O_NONBLOCK)));
}

/**
 * Mounts a file system over a folder whose program answers nothing, until the test ends. Needs the right to mount.
 * @returns brings what was there before back, as after a network share has returned
 */
export async function dieAt(folder: string): Promise<() => void> {
  const script = `mount -i -t fuse -o fd=3,rootmode=40000,user_id=0,group_id=0 dead "$1" && echo && exec sleep infinity`;
  const holder = spawn('sh', ['-c', `exec 3<>/dev/fuse; ${script}`, 'sh', folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  let isDead = true;
  const revive = () => {
    if (!isDead) return;
    isDead = false;
    // Whoever waits is told that it is gone.
    holder.kill('SIGKILL');
    execFileSync('umount', ['-l', folder]);
  };
  onTestFinished(revive);
  return revive;
}
