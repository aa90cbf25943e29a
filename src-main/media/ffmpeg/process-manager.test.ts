import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { until } from '../../test/support/wait.ts';
import { ProcessManager, ProcessSuspender, type RunOptions } from './process-manager.ts';

/** Starts a child that says its number, and then a dot again and again. */
async function startTalker(options: RunOptions) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'flotilla-process-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const processes = await ProcessManager.create(folder);
  const lines: string[] = [];
  const ended = processes.run('sh', ['-c', 'echo $$; while :; do echo .; sleep 0.01; done'], {
    ...options,
    onStdout: (line) => lines.push(line),
  });
  await until(() => expect(lines.length).toBeGreaterThan(1));
  /** As the kernel says: S or R when it runs, T when it is held. */
  const state = () => /\) (\w)/.exec(readFileSync(`/proc/${lines[0]}/stat`, 'utf8'))?.[1];
  return { processes, lines, ended, state };
}

describe.skipIf(process.platform !== 'linux')('a brake', () => {
  it('a suspended child is not killed, not even for silence, and continues afterward', async () => {
    const brake = new ProcessSuspender();
    const abort = new AbortController();
    const options = { stallMs: 1500, signal: abort.signal };
    const { processes, lines, ended, state } = await startTalker({ ...options, brake });
    brake.setSuspended(true);
    await until(() => expect(state()).toBe('T'));
    // One that is as silent but not held is ended meanwhile.
    expect(await processes.run('sleep', ['60'], options)).toEqual({ kind: 'stalled' });
    expect(state()).toBe('T');
    const said = lines.length;
    brake.setSuspended(false);
    await until(() => expect(lines.length).toBeGreaterThan(said + 1));
    abort.abort();
    expect(await ended).toEqual({ kind: 'cancelled' });
  });

  it('lets no time go by for a child that has only so much of it', async () => {
    const brake = new ProcessSuspender();
    brake.setSuspended(true);
    const abort = new AbortController();
    const options = { timeoutMs: 1000, signal: abort.signal };
    const { processes, ended } = await startTalker({ signal: abort.signal });
    const held = processes.run('sh', ['-c', 'sleep 0.05; echo on'], { ...options, brake });
    expect(await processes.run('sleep', ['60'], options)).toEqual({ kind: 'stalled' });
    const clock = brake.now();
    expect(await processes.run('sleep', ['60'], options)).toEqual({ kind: 'stalled' });
    expect(brake.now()).toBe(clock);
    brake.setSuspended(false);
    expect(await held).toEqual({ kind: 'exit', code: 0 });
    abort.abort();
    await ended;
  });

  it('lets a child end that is to end', async () => {
    const brake = new ProcessSuspender();
    const abort = new AbortController();
    const { ended, state } = await startTalker({ brake, signal: abort.signal });
    brake.setSuspended(true);
    await until(() => expect(state()).toBe('T'));
    abort.abort();
    expect(await ended).toEqual({ kind: 'cancelled' });
  });

  it('that is on holds what is started', async () => {
    const brake = new ProcessSuspender();
    brake.setSuspended(true);
    const abort = new AbortController();
    const { processes } = await startTalker({ signal: abort.signal });
    const lines: string[] = [];
    const held = processes.run('sh', ['-c', 'sleep 0.2; echo on'], { brake, onStdout: (line) => lines.push(line) });
    // One that is not held has come to its end by now.
    await processes.run('sh', ['-c', 'sleep 0.4'], {});
    expect(lines).toEqual([]);
    brake.setSuspended(false);
    expect(await held).toEqual({ kind: 'exit', code: 0 });
    expect(lines).toEqual(['on']);
    abort.abort();
  });
});

describe.skipIf(process.platform === 'win32')('a child that cannot be ended', () => {
  it('is given up, and left to the next start', { timeout: 30_000 }, async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'flotilla-process-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const processes = await ProcessManager.create(folder);
    const lines: string[] = [];
    // What it started keeps its output open after it, as a process in the kernel's hands does.
    const script = 'sleep 60 & echo $!; wait';
    const end = await processes.run('sh', ['-c', script], { timeoutMs: 300, onStdout: (line) => lines.push(line) });
    onTestFinished(() => void process.kill(Number(lines[0])));
    expect(end).toEqual({ kind: 'stalled' });
    expect(readdirSync(folder)).toHaveLength(1);
  });
});
