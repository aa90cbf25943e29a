import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { findThermometer } from './cpu-temperature.ts';

/** A /sys with these files. */
function makeSys(files: Record<string, string>): string {
  const sys = mkdtempSync(path.join(os.tmpdir(), 'flotilla-sys-'));
  onTestFinished(() => rmSync(sys, { recursive: true, force: true }));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(sys, file)), { recursive: true });
    writeFileSync(path.join(sys, file), `${text}\n`);
  }
  return sys;
}

it('tells the hottest core of an Intel processor, not the disk, and follows it', async () => {
  const sys = makeSys({
    'class/hwmon/hwmon0/name': 'nvme',
    'class/hwmon/hwmon0/temp1_input': '99000',
    'class/hwmon/hwmon1/name': 'coretemp',
    'class/hwmon/hwmon1/temp1_input': '61000',
    'class/hwmon/hwmon1/temp2_input': '74000',
    'class/hwmon/hwmon1/temp2_max': '100000',
    'class/thermal/thermal_zone0/type': 'x86_pkg_temp',
    'class/thermal/thermal_zone0/temp': '20000',
  });
  const measure = await findThermometer(sys);
  expect(await measure?.()).toBe(74);
  writeFileSync(path.join(sys, 'class/hwmon/hwmon1/temp1_input'), '88500\n');
  expect(await measure?.()).toBe(88.5);
  rmSync(path.join(sys, 'class/hwmon/hwmon1'), { recursive: true });
  expect(await measure?.()).toBeUndefined();
});

it('takes the true temperature of an AMD processor, not the one that is raised on purpose', async () => {
  const sys = makeSys({
    'class/hwmon/hwmon3/name': 'k10temp',
    'class/hwmon/hwmon3/temp1_input': '85000',
    'class/hwmon/hwmon3/temp1_label': 'Tctl',
    'class/hwmon/hwmon3/temp2_input': '65000',
    'class/hwmon/hwmon3/temp2_label': 'Tdie',
  });
  expect(await (await findThermometer(sys))?.()).toBe(65);
});

it('takes a thermal zone of the processor where no driver tells', async () => {
  const sys = makeSys({
    'class/thermal/thermal_zone0/type': 'acpitz',
    'class/thermal/thermal_zone0/temp': '90000',
    'class/thermal/thermal_zone1/type': 'cpu-thermal',
    'class/thermal/thermal_zone1/temp': '52000',
  });
  expect(await (await findThermometer(sys))?.()).toBe(52);
});

it('tells nothing where nothing measures, or a sensor is not connected', async () => {
  expect(await findThermometer(makeSys({}))).toBeUndefined();
  const dead = { 'class/hwmon/hwmon0/name': 'coretemp', 'class/hwmon/hwmon0/temp1_input': '-127000' };
  expect(await findThermometer(makeSys(dead))).toBeUndefined();
});
