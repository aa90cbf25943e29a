import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Pace } from './worker/citizen.ts';
import type { DisturbanceSignals } from './worker/disturbance.ts';

/**
 * Kills this process at a named point, as a power cut would, when FLOTILLA_FAULT names it: how the crash tests reach every
 * step of a replacement. `name@2` waits for the second passage.
 */
export function faultPoint(name: string): void {
  const [wanted, passages = '1'] = (process.env.FLOTILLA_FAULT ?? '').split('@');
  if (wanted !== name) return;
  passed += 1;
  if (passed === Number(passages)) process.kill(process.pid, 'SIGKILL');
}

let passed = 0;

interface ShortTerms {
  beat: number;
  suspect: number;
  expire: number;
  retryMs: number;
  stallMs?: number;
  pace: Pace;
}

/**
 * How long heartbeats and leases take, and how soon a worker at fault is tried again, where FLOTILLA_TERMS says it
 * (`beat,suspect,expire,retry` in ms, and perhaps `stall`, when a silent ffmpeg is ended): tests of whole fleets have no five
 * minutes to wait. Whether work disturbs is looked at as often as there are heartbeats then.
 */
export function shortTerms(): ShortTerms | undefined {
  const [beat, suspect, expire, retryMs, stallMs] = (process.env.FLOTILLA_TERMS ?? '').split(',').map(Number);
  if (!beat || !suspect || !expire || !retryMs) return undefined;
  const pace = { tick: beat, rest: beat, clear: beat * 2, hot: beat * 2 };
  return { beat, suspect, expire, retryMs, pace, ...(stallMs && { stallMs }) };
}

const Told = z.object({
  idleSeconds: z.number().optional(),
  onBattery: z.boolean().optional(),
  fullScreen: z.boolean().optional(),
  cpuCelsius: z.number().optional(),
});

/**
 * Signals that a test gives, where FLOTILLA_SIGNALS names a JSON file `{idleSeconds, onBattery, fullScreen, cpuCelsius}`; it is
 * read at every question.
 */
export function testSignals(): DisturbanceSignals | undefined {
  const file = process.env.FLOTILLA_SIGNALS;
  if (!file) return undefined;
  const told = () => Told.parse(JSON.parse(readFileSync(file, 'utf8')));
  return {
    idleSeconds: () => told().idleSeconds,
    onBattery: () => told().onBattery,
    fullScreen: async () => told().fullScreen,
    cpuCelsius: async () => told().cpuCelsius,
  };
}
