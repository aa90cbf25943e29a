import { statfs } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Capabilities, Computer, Load } from '../../src-shared/fleet/worker-info.ts';
import type { Settings } from '../../src-shared/settings/settings.ts';
import { sensesOf } from './activity-signals.ts';
import type { DisturbanceSignals } from './activity-types.ts';
import { availableProcessors } from './processors.ts';

/** Bytes of the disk of a folder that may not exist yet; 0 where that is unknown. */
async function roomOf(folder: string): Promise<{ total: number; free: number }> {
  try {
    const { blocks, bavail, bsize } = await statfs(folder);
    return { total: blocks * bsize, free: bavail * bsize };
  } catch {
    const parent = path.dirname(folder);
    return parent === folder ? { total: 0, free: 0 } : roomOf(parent);
  }
}

/**
 * What this computer has to work with now.
 * @param temp the folder for unfinished results
 */
export async function describeComputer(
  temp: string,
  ffmpeg: Capabilities,
  signals: DisturbanceSignals,
): Promise<Computer> {
  const { free: tempFree } = await roomOf(temp);
  const senses = await sensesOf(signals);
  return { cores: availableProcessors(), memory: os.totalmem(), tempFree, ffmpeg, senses, zone: timeZone() };
}

/** Name of the time zone that working hours are in: the system's, or the one that the variable TZ names. */
export function timeZone(): string {
  const zone: string | undefined = Intl.DateTimeFormat().resolvedOptions().timeZone;
  // What an empty TZ or one of no known zone comes to; times are UTC then.
  return zone === undefined || zone === 'Etc/Unknown' ? 'UTC' : zone;
}

/** Maximum length of a computer's name that is sent to others, in characters. */
const NAME_LENGTH = 64;

/** The name of this computer among others. */
export function nodeName({ nodeName: chosen }: Pick<Settings, 'nodeName'>): string {
  return chosen ?? (os.hostname().slice(0, NAME_LENGTH) || 'computer');
}

/** How other computers reach this one: its first IPv4 address on a network, or its name. */
export function ownAddress(): string {
  const addresses = Object.values(os.networkInterfaces()).flatMap((found) => found ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? os.hostname();
}

/** The user that this program runs as; by number where it has no name, as in containers. */
export function userName(): string {
  try {
    return os.userInfo().username;
  } catch {
    return `user ${process.getuid?.()}`;
  }
}

/** Hundredths of a second, which processor times are counted in: two reads at once show nothing. */
const MIN_TICKS = 100;

/** Measures how busy this computer is. */
export class LoadMeter {
  #times = cpuTimes();
  #cpu = 0;

  /** @param temp the folder for unfinished results */
  async read(temp: string): Promise<Load> {
    const { free: tempFree, total: tempTotal } = await roomOf(temp);
    return { cpu: this.#readCpu(), memoryFree: os.freemem(), tempFree, tempTotal };
  }

  /** Share of all processors that was busy since the look before. */
  #readCpu(): number {
    const now = cpuTimes();
    const all = now.all - this.#times.all;
    if (all < MIN_TICKS * os.cpus().length) return this.#cpu;
    this.#cpu = Math.min(1, Math.max(0, 1 - (now.idle - this.#times.idle) / all));
    this.#times = now;
    return this.#cpu;
  }
}

function cpuTimes(): { all: number; idle: number } {
  const times = os.cpus().map((cpu) => cpu.times);
  const sum = (numbers: number[]) => numbers.reduce((total, n) => total + n, 0);
  return { all: sum(times.flatMap((t) => Object.values(t))), idle: sum(times.map((t) => t.idle)) };
}
