import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/**
 * Processors that this program may keep busy, at least 1: those it may run on, or as many as the CPU quota of its control
 * group (Linux: containers, systemd's CPUQuota) comes to, rounded up as the JVM, .NET and Go do. Read again each time, since
 * a quota can be changed while it runs.
 */
export function availableProcessors(): number {
  return Math.min(os.availableParallelism(), Math.ceil(cpuQuota()));
}

/**
 * Threads for each of `jobs` encoders that run side by side; undefined where one may have all processors that it finds by
 * itself. Encoders see the processors they may run on, but no quota.
 */
export function encoderThreads(jobs: number): number | undefined {
  const share = Math.max(1, Math.floor(availableProcessors() / jobs));
  return share < os.availableParallelism() ? share : undefined;
}

/**
 * Processors' worth of time that the control group of a process and those around it allow, more than 0; infinite without
 * a limit.
 * @param proc folder of the process in procfs
 */
export function cpuQuota(proc = '/proc/self'): number {
  const groups = lines(path.join(proc, 'cgroup')).map((line) => line.split(':'));
  const mounts = lines(path.join(proc, 'mountinfo')).flatMap((line) => mountOf(line) ?? []);
  let quota = Number.POSITIVE_INFINITY;
  for (const { root, place, v2 } of mounts) {
    // `0::/group` for version 2, `4:cpu,cpuacct:/group` for version 1 (cgroups(7)).
    const [, , ...rest] = groups.find(([, names]) => (v2 ? names === '' : names?.split(',').includes('cpu'))) ?? [];
    const group = rest.join(':');
    if (group === '') continue;
    // In a container the group may be named as its host names it, while only the group itself is mounted.
    const way = path.relative(root, group);
    let folder = way.startsWith('..') ? place : path.join(place, way);
    for (; folder.startsWith(place); folder = path.dirname(folder)) {
      quota = Math.min(quota, v2 ? maxOf(folder) : cfsOf(folder));
      if (folder === place) break;
    }
  }
  return quota;
}

/** A line of mountinfo, `ID PARENT DEVICE ROOT PLACE OPTIONS [TAG…] - TYPE SOURCE OPTIONS`, of CPU groups. */
function mountOf(line: string): { root: string; place: string; v2: boolean } | undefined {
  const [left = '', right = ''] = line.split(' - ');
  const [type, , options = ''] = right.split(' ');
  const v2 = type === 'cgroup2';
  if (!v2 && !(type === 'cgroup' && options.split(',').includes('cpu'))) return undefined;
  const [, , , root = '/', place = '/'] = left.split(' ').map(unescaped);
  return { root, place, v2 };
}

/** Spaces and the like stand as octal numbers in mountinfo. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)));
}

function maxOf(folder: string): number {
  const [quota, period] = (lines(path.join(folder, 'cpu.max'))[0] ?? '').split(' ').map(Number);
  return share(quota, period);
}

function cfsOf(folder: string): number {
  const [quota, period] = ['quota', 'period'].map((n) => Number(lines(path.join(folder, `cpu.cfs_${n}_us`))[0]));
  return share(quota, period);
}

/** No number, or -1, stands for no limit. */
function share(quota = Number.NaN, period = Number.NaN): number {
  return quota > 0 && period > 0 ? quota / period : Number.POSITIVE_INFINITY;
}

function lines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch {
    return [];
  }
}
