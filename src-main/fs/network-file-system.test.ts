import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { tempFolder } from '../test/support/temp.ts';
import { networkFileSystem } from './network-file-system.ts';

it('is known by the innermost mount that a folder lies in', async () => {
  const mounts = path.join(tempFolder(), 'mounts');
  const lines = ['/dev/sda / ext4 rw 0 0', 'nas:/v /nowhere/nas nfs4 rw 0 0', 'tmpfs /nowhere/nas/local tmpfs rw 0 0'];
  lines.push(
    'u@h: /nowhere/my\\040share fuse.sshfs rw 0 0',
    '//h/s /nowhere/over cifs rw 0 0',
    'x /nowhere/over ext4 rw 0 0',
  );
  lines.push('a:b /nowhere/pool fuse.mergerfs rw 0 0');
  writeFileSync(mounts, lines.join('\n'));
  const ask = (place: string) => networkFileSystem(`/nowhere/${place}`, mounts);
  expect(await ask('nas/data')).toBe('nfs4');
  expect(await ask('my share')).toBe('fuse.sshfs');
  for (const local of ['nas/local/x', 'nas2', 'over/x', 'pool', '']) expect(await ask(local)).toBeUndefined();
});
