import { describe, expect, it } from 'vitest';
import { drives, mountPoints, parseMountCommand, parseMounts } from './mounts.ts';

describe('parseMounts', () => {
  it('names disks and shares, blanks and all, but nothing of the kernel’s own', () => {
    const table = [
      'proc /proc proc rw,nosuid 0 0',
      '/dev/sda1 / ext4 rw 0 0',
      'nas:/volume1/media /mnt/my\\040videos nfs4 rw,vers=4.2 0 0',
      '//nas/tv /media/tv cifs rw 0 0',
      'tmpfs /run tmpfs rw 0 0',
      'cgroup2 /sys/fs/cgroup cgroup2 rw 0 0',
      '',
    ];
    expect(parseMounts(table.join('\n'))).toEqual(['/', '/mnt/my videos', '/media/tv', '/run']);
  });
});

describe('parseMountCommand', () => {
  it('reads what mount(8) of macOS prints', () => {
    const output = [
      '/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)',
      'devfs on /dev (devfs, local, nobrowse)',
      '//me@nas._smb._tcp.local/media on /Volumes/my media (smbfs, nodev, nosuid, mounted by me)',
      'map auto_home on /System/Volumes/Data/home (autofs, automounted, nobrowse)',
    ];
    expect(parseMountCommand(output.join('\n'))).toEqual(['/', '/Volumes/my media']);
  });
});

describe('drives', () => {
  it('reads what net use of Windows prints', () => {
    const output = [
      'Status       Local     Remote                    Network',
      '-------------------------------------------------------------------------------',
      'OK           Z:        \\\\nas\\media               Microsoft Windows Network',
      'Disconnected Y:        \\\\nas\\my videos            Microsoft Windows Network',
      'The command completed successfully.',
    ];
    expect(drives(output.join('\r\n'))).toEqual(['Z:\\', '\\\\nas\\media', 'Y:\\', '\\\\nas\\my videos']);
  });
});

describe('mountPoints', () => {
  it('finds at least the disk that this runs on', async () => {
    expect(await mountPoints()).not.toEqual([]);
  });
});
