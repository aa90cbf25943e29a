import { readFile, realpath } from 'node:fs/promises';
import path from 'node:path';

/** File systems whose files lie on another computer, as /proc/mounts names them. */
const REMOTE =
  /^(nfs4?|cifs|smb3|smbfs|9p|afs|ceph|lustre|ncpfs|ocfs2|gfs2|fuse\.(sshfs|rclone|glusterfs|s3fs|davfs2?|smbnetfs|curlftpfs|ceph(-fuse)?|gvfsd-fuse|juicefs|gcsfuse|goofys|mfs|moosefs|seaweedfs|weed|blobfuse2?|onedriver))$/;

/**
 * Kind of the network file system that a folder lies on, such as `nfs4`; undefined on a disk of this computer, or where the
 * system does not report.
 * @param mounts the mount table of Linux
 */
export async function networkFileSystem(folder: string, mounts = '/proc/self/mounts'): Promise<string | undefined> {
  const place = await realpath(folder).catch(() => folder);
  if (process.platform === 'win32') return place.startsWith('\\\\') ? 'share' : undefined;
  const table = await readFile(mounts, 'utf8').catch(() => '');
  let [kind, longest] = ['', 0];
  for (const line of table.split('\n')) {
    const [, at = '', type = ''] = line.split(' ');
    const mount = at.replace(/\\([0-7]{3})/g, (_, code) => String.fromCharCode(Number.parseInt(code, 8)));
    const way = path.relative(mount, place);
    // Of those at the same place the last one lies on top.
    if (mount === '' || way.startsWith('..') || mount.length < longest) continue;
    [kind, longest] = [type, mount.length];
  }
  return REMOTE.test(kind) ? kind : undefined;
}
