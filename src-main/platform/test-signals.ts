import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { DisturbanceSignals } from './activity-types.ts';

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
