import { expect, it, onTestFinished, vi } from 'vitest';
import { DEFAULT_RULES } from '../../../src-shared/fleet/availability.ts';
import { WORKER_DEFAULTS } from '../../../src-shared/fleet/worker-info.ts';
import { readSignals } from '../../platform/activity-signals.ts';
import type { DisturbanceSignals } from '../../platform/activity-types.ts';
import { DisturbanceMonitor } from './disturbance-monitor.ts';

/** One that looks as often as it can. */
function make(signals: DisturbanceSignals) {
  const causes: unknown[] = [];
  const watch = new DisturbanceMonitor({
    signals,
    pace: { tick: 2, rest: 2, clear: 20, hot: 20 },
    isBusy: () => true,
    changed: () => causes.push(watch.cause),
  });
  onTestFinished(() => watch.stop());
  return { watch, causes };
}

it('the monitor follows its signals, even after failed readings', async () => {
  let battery: boolean | Error = true;
  let asked = 0;
  const { watch, causes } = make({
    onBattery: () => {
      asked += 1;
      if (battery instanceof Error) throw battery;
      return battery;
    },
    fullScreen: () => Promise.reject(new Error('no such program')),
  });
  await watch.look();
  expect(watch.cause).toBe('battery');
  battery = new Error('no answer');
  await vi.waitFor(() => expect(watch.cause).toBeNull());
  battery = true;
  await vi.waitFor(() => expect(watch.cause).toBe('battery'));
  expect(causes).toEqual(['battery', null, 'battery']);
  watch.stop();
  const then = asked;
  await watch.look();
  expect(asked).toBe(then);
});

it('asks only what a rule is about, and looks at once where rules or hours are others', async () => {
  const asked: string[] = [];
  const { watch } = make({
    idleSeconds: () => void asked.push('idle'),
    onBattery: () => void asked.push('battery'),
    fullScreen: async () => void asked.push('fullScreen'),
    cpuCelsius: async () => void asked.push('celsius'),
  });
  await watch.look();
  expect([...new Set(asked)].sort()).toEqual(['battery', 'fullScreen']);
  const never = [{ days: [(new Date().getDay() + 3) % 7], from: '00:00', to: '00:01' }];
  watch.setRules({ ...WORKER_DEFAULTS, schedule: never });
  await watch.whenFresh();
  expect(watch.cause).toBe('hours');
  watch.setRules({ schedule: null, rules: { ...DEFAULT_RULES, celsius: 80, fullScreen: false } });
  await watch.whenFresh();
  expect(watch.cause).toBeNull();
  expect(asked).toContain('celsius');
});

it('does not wait for an answer that does not come', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const reading = readSignals({ fullScreen: () => new Promise(() => undefined), onBattery: () => true });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await reading).toMatchObject({ onBattery: true, fullScreen: undefined });
});
