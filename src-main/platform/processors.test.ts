import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { tempFolder } from '../test/support/temp.ts';
import { availableProcessors, cpuQuota, encoderThreads } from './processors.ts';

/** A process folder whose groups are mounted in a folder of the test. */
function proc(cgroup: string, mountinfo: (at: string) => string, files: Record<string, string>): string {
  const folder = tempFolder();
  writeFileSync(path.join(folder, 'cgroup'), cgroup);
  writeFileSync(path.join(folder, 'mountinfo'), mountinfo(folder.replaceAll(' ', '\\040')));
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), content);
  }
  return folder;
}
const v2 = (at: string) =>
  `24 1 0:9 / / rw - ext4 /dev/sda rw\n31 24 0:27 / ${at}/fs rw shared:4 - cgroup2 cgroup2 rw\n`;
const v1 = (root: string) => (at: string) =>
  `31 24 0:27 ${root} ${at}/fs rw,nosuid - cgroup cgroup rw,cpu,cpuacct\n32 24 0:28 / ${at}/m rw - cgroup cgroup rw,memory\n`;

describe('cpuQuota', () => {
  it('is the least of the group and of those around it', () => {
    const files = {
      'fs/a/cpu.max': '150000 100000\n',
      'fs/a/b/cpu.max': 'max 100000\n',
      'fs/a/b/c/cpu.max': '400000 100000\n',
    };
    expect(cpuQuota(proc('0::/a/b/c\n', v2, files))).toBe(1.5);
    expect(cpuQuota(proc('0::/a/b/c\n', v2, { 'fs/a/b/c/cpu.max': 'max 100000\n' }))).toBe(Number.POSITIVE_INFINITY);
  });
  it('is found in a container, whose own group is all that it sees', () => {
    expect(cpuQuota(proc('0::/\n', v2, { 'fs/cpu.max': '50000 100000\n' }))).toBe(0.5);
    expect(cpuQuota(proc('0::/../../b\n', v2, { 'fs/cpu.max': '50000 100000\n' }))).toBe(0.5);
    const files = { 'fs/cpu.cfs_quota_us': '250000\n', 'fs/cpu.cfs_period_us': '100000\n' };
    const cgroup = '5:memory:/docker/1\n4:cpu,cpuacct:/docker/1\n';
    expect(cpuQuota(proc(cgroup, v1('/docker/1'), files))).toBe(2.5);
    expect(cpuQuota(proc(cgroup, v1('/docker/2'), files))).toBe(2.5);
  });
  it('is read of groups of version 1, -1 being none', () => {
    const files = (quota: number) => ({
      'fs/x y/cpu.cfs_quota_us': `${quota}\n`,
      'fs/x y/cpu.cfs_period_us': '50000\n',
    });
    expect(cpuQuota(proc('4:cpu,cpuacct:/x y\n0::/\n', v1('/'), files(100_000)))).toBe(2);
    expect(cpuQuota(proc('4:cpu,cpuacct:/x y\n0::/\n', v1('/'), files(-1)))).toBe(Number.POSITIVE_INFINITY);
  });
  it('is infinite where nothing tells', () => {
    expect(cpuQuota('/nowhere')).toBe(Number.POSITIVE_INFINITY);
    expect(cpuQuota(proc('nonsense\n', () => 'nonsense\n', {}))).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('encoderThreads', () => {
  it('shares the processors, and leaves one encoder that may have all alone', () => {
    const all = os.availableParallelism();
    expect(encoderThreads(all * 2)).toBe(all > 1 ? 1 : undefined);
    expect(encoderThreads(1)).toBe(availableProcessors() < all ? availableProcessors() : undefined);
  });
});
