import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

/** Drivers of hwmon that measure processors: Intel, AMD (two), and boards with ARM. */
const DRIVERS = new Set(['coretemp', 'k10temp', 'zenpower', 'cpu_thermal', 'soc_thermal']);
/** Thermal zones of the processor, if no driver reports its temperature. */
const ZONES = /^(x86_pkg_temp|cpu[-_]?\d*[-_]?thermal|cpu-\d.*|soc[-_]thermal)$/;
/** No processor is as cold or hot as that: the sensor is not connected, say. */
const [MIN_CELSIUS, MAX_CELSIUS] = [-30, 150];

const read = (...parts: string[]) =>
  readFile(path.join(...parts), 'utf8').then(
    (text) => text.trim(),
    () => '',
  );
const list = (folder: string) => readdir(folder).catch(() => []);

/** The temperatures of a chip; of AMD's only the real one if it is reported, because the other is raised on purpose on some. */
async function inputsOf(chip: string): Promise<string[]> {
  const inputs = (await list(chip)).filter((name) => /^temp\d+_input$/.test(name));
  const labels = await Promise.all(inputs.map((name) => read(chip, name.replace('input', 'label'))));
  const trueOne = inputs.filter((_, i) => labels[i] === 'Tdie');
  return (trueOne.length > 0 ? trueOne : inputs).map((name) => path.join(chip, name));
}

/**
 * Finds what measures the heat of the processor.
 * @param sys where Linux shows its devices
 * @returns a function that measures the hottest core in degrees Celsius; undefined where nothing measures it
 */
export async function findThermometer(sys = '/sys'): Promise<(() => Promise<number | undefined>) | undefined> {
  const files: string[] = [];
  const hwmon = path.join(sys, 'class/hwmon');
  for (const name of await list(hwmon)) {
    const chip = path.join(hwmon, name);
    if (DRIVERS.has(await read(chip, 'name'))) files.push(...(await inputsOf(chip)));
  }
  const zones = path.join(sys, 'class/thermal');
  for (const name of files.length > 0 ? [] : await list(zones)) {
    if (ZONES.test(await read(zones, name, 'type'))) files.push(path.join(zones, name, 'temp'));
  }
  const measure = async () => {
    const told = await Promise.all(files.map((file) => read(file)));
    const celsius = told.filter(Boolean).map((text) => Number(text) / 1000);
    const likely = celsius.filter((degrees) => degrees > MIN_CELSIUS && degrees < MAX_CELSIUS);
    return likely.length > 0 ? Math.max(...likely) : undefined;
  };
  return (await measure()) === undefined ? undefined : measure;
}
