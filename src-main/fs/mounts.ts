import { readFile } from 'node:fs/promises';
import { execa } from 'execa';

/** File systems of the kernel's own, which hold no videos. */
const VIRTUAL =
  /^(proc|sysfs|cgroup2?|devpts|devtmpfs|mqueue|debugfs|tracefs|securityfs|pstore|bpf|configfs|hugetlbfs|autofs|fusectl|binfmt_misc|nsfs|rpc_pipefs|efivarfs|ramfs|squashfs)$/;

/** Folders and drives of this computer where another computer's disk may be mounted. */
export async function mountPoints(): Promise<string[]> {
  try {
    if (process.platform === 'linux') return parseMounts(await readFile('/proc/self/mounts', 'utf8'));
    if (process.platform === 'win32') return drives((await execa('net', ['use'])).stdout);
    return parseMountCommand((await execa('mount')).stdout);
  } catch {
    // Not being able to look is not finding any.
    return [];
  }
}

/** Lines of /proc/mounts: `device folder type options 0 0`, with octal escapes for blanks. */
export function parseMounts(table: string): string[] {
  const rows = table.split('\n').map((line) => line.split(' '));
  const folders = rows.flatMap(([, folder = '', type = '']) => (VIRTUAL.test(type) || !folder ? [] : [folder]));
  return folders.map((folder) =>
    folder.replace(/\\([0-7]{3})/g, (_, code) => String.fromCharCode(Number.parseInt(code, 8))),
  );
}

/** Lines of mount(8) on macOS and BSD: `//user@server/share on /Volumes/share (smbfs, nodev)`. */
export function parseMountCommand(output: string): string[] {
  return [...output.matchAll(/^.* on (\/.*) \(([^,)]*).*\)$/gm)].flatMap(([, folder = '', type = '']) =>
    VIRTUAL.test(type) || type === 'devfs' ? [] : [folder],
  );
}

/** Lines of `net use` on Windows: `OK  Z:  \\server\share  Microsoft Windows Network`. */
export function drives(output: string): string[] {
  return [...output.matchAll(/(?:^|\s)([A-Z]:)\s+(\\\\\S+(?: \S+)*)/gm)].flatMap(([, drive, share = '']) => [
    `${drive}\\`,
    `${share.split(/ {2,}/)[0]}`,
  ]);
}
