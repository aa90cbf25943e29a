import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ProcessManager, type RunOptions } from './process-manager.ts';
import { Watchdog } from './watchdog.ts';

/** Runs a shell script as if it were an ffmpeg that reports its progress. */
async function runScript(script: string, options: RunOptions) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'flotilla-watchdog-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const processes = await ProcessManager.create(folder);
  return processes.run('sh', ['-c', script, 'sh', '-progress'], { onStdout: () => undefined, ...options });
}

const block = (frame: string) => `echo frame=${frame}; echo fps=$n; echo out_time_us=N/A; echo progress=continue`;

describe('a child that reports its progress', () => {
  it('is killed when it repeats the same numbers, although it keeps printing', async () => {
    const talks = `n=0; while :; do n=$((n + 1)); ${block('7')}; sleep 0.1; done`;
    expect(await runScript(talks, { stallMs: 400 })).toEqual({ kind: 'stalled' });
  });

  it('is left running while any number grows, however slowly', async () => {
    const works = `for n in 1 2 3 4 5 6; do ${block('$n')}; sleep 0.4; done`;
    expect(await runScript(works, { stallMs: 1500 })).toEqual({ kind: 'exit', code: 0 });
  });

  it.skipIf(process.platform === 'win32')('lives on while it works without showing it, and only then', async () => {
    const computes = `${block('0')}; n=0; while [ $n -lt 2500000 ]; do n=$((n + 1)); done`;
    expect(await runScript(computes, { stallMs: 1000 })).toEqual({ kind: 'exit', code: 0 });
    expect(await runScript('exec sleep 60', { stallMs: 100 })).toEqual({ kind: 'stalled' });
  });

  it.skipIf(process.platform !== 'linux')('is left alone while somebody has stopped it', async () => {
    let pid = 0;
    const onStdout = (line: string) => {
      pid ||= Number(/^pid=(\d+)/.exec(line)?.[1] ?? 0);
    };
    const stops = runScript('echo pid=$$; kill -STOP $$; echo frame=1', { stallMs: 100, onStdout });
    const other = await runScript('exec sleep 60', { stallMs: 400 });
    expect([other.kind, pid > 0]).toEqual(['stalled', true]);
    process.kill(pid, 'SIGCONT');
    expect(await stops).toEqual({ kind: 'exit', code: 0 });
  });
});

it('lets no time count that this process did not live through: sleep, a stop, a frozen container', () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  let [clock, bitten] = [0, 0];
  const pass = (ms: number) => {
    for (let passed = 0; passed < ms; passed += 500) {
      clock += 500;
      vi.advanceTimersByTime(500);
    }
  };
  const dog = new Watchdog(
    () => clock,
    () => {
      bitten += 1;
    },
  );
  dog.wait(20_000);
  pass(10_000);
  // A night, then the first timer after it; and a clock that was set back.
  clock += 8 * 3_600_000;
  pass(6000);
  clock -= 3_600_000;
  pass(2000);
  expect(bitten).toBe(0);
  pass(20_000);
  expect(bitten).toBe(1);
  dog.stop();
});
