/** Looks into folders and files. */
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** A file's bytes as a hash. */
export function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

/** Everything below a folder, hidden files included: path -> kind, mode, time and content. */
export function treeOf(folder: string): Record<string, string> {
  const tree: Record<string, string> = {};
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    const file = path.join(folder, name);
    const stat = lstatSync(file, { bigint: true });
    const content = stat.isFile() ? `${stat.mtimeNs} ${sha256(file)}` : stat.isDirectory() ? 'folder' : 'other';
    tree[name] = `${stat.mode.toString(8)} ${content}`;
  }
  return tree;
}

/** Names of all files below a folder, hidden ones included, without folders. */
export function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort();
}
