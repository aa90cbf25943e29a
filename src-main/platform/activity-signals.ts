import type { Rules, Sense } from '../../src-shared/fleet/availability.ts';
import type { DisturbanceSignals, Reading } from './activity-types.ts';
import { findThermometer } from './cpu-temperature.ts';
import { testSignals } from './test-signals.ts';

/** All signals that show whether work would disturb: of the desktop app and of this system. */
export async function findSignals(given: DisturbanceSignals = {}): Promise<DisturbanceSignals> {
  const test = testSignals();
  if (test) return test;
  const cpuCelsius = given.cpuCelsius ?? (await findThermometer());
  return { ...given, ...(cpuCelsius && { cpuCelsius }) };
}

/** The signals that are available on this computer. */
export async function sensesOf(signals: DisturbanceSignals): Promise<Sense[]> {
  const { idleSeconds, onBattery, fullScreen, celsius } = await readSignals(signals);
  const told: Record<Sense, unknown> = { idle: idleSeconds, battery: onBattery, fullScreen, celsius };
  return (Object.keys(told) as Sense[]).filter((sense) => told[sense] !== undefined);
}

/** A measurement that takes longer counts as missing, in ms. */
const PATIENCE_MS = 4000;

/** Rules for all available signals. */
const ALL: Rules = { idleMinutes: 1, battery: true, fullScreen: true, celsius: 100, running: 'hold' };

/**
 * Reads all signals now; those that fail or take too long are missing.
 * @param rules if given, reads only the signals that a rule uses: some of them start a program of the system
 */
export async function readSignals(signals: DisturbanceSignals, rules: Rules = ALL): Promise<Reading> {
  const { idleMinutes, battery, fullScreen, celsius } = rules;
  const [idleSeconds, onBattery, covered, hottest] = await Promise.all([
    idleMinutes === null ? undefined : readWithTimeout(signals.idleSeconds),
    battery ? readWithTimeout(signals.onBattery) : undefined,
    fullScreen ? readWithTimeout(signals.fullScreen) : undefined,
    celsius === null ? undefined : readWithTimeout(signals.cpuCelsius),
  ]);
  return { idleSeconds, onBattery, fullScreen: covered, celsius: hottest };
}

/** The answer to a question; undefined when it fails or takes too long. */
async function readWithTimeout<T>(
  ask: (() => T | undefined | Promise<T | undefined>) | undefined,
): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), PATIENCE_MS);
  try {
    return await Promise.race([ask?.(), late.promise]);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
