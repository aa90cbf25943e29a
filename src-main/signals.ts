import type { Sense } from '../src-shared/yielding.ts';
import { testSignals } from './fault.ts';
import { findThermometer } from './thermal.ts';
import type { DisturbanceSignals } from './worker/disturbance.ts';
import { readSignals } from './worker/watch.ts';

/** All that tells whether work would disturb: what the desktop program knows, and what this system does. */
export async function findSignals(given: DisturbanceSignals = {}): Promise<DisturbanceSignals> {
  const test = testSignals();
  if (test) return test;
  const cpuCelsius = given.cpuCelsius ?? (await findThermometer());
  return { ...given, ...(cpuCelsius && { cpuCelsius }) };
}

/** What of it can be told on this computer now. */
export async function sensesOf(signals: DisturbanceSignals): Promise<Sense[]> {
  const { idleSeconds, onBattery, fullScreen, celsius } = await readSignals(signals);
  const told: Record<Sense, unknown> = { idle: idleSeconds, battery: onBattery, fullScreen, celsius };
  return (Object.keys(told) as Sense[]).filter((sense) => told[sense] !== undefined);
}
