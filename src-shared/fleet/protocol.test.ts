import { describe, expect, it } from 'vitest';
import { ComputerName, commonProtocol, deviceIdOf, Greeting, mismatch, ProgramVersion } from './protocol.ts';

const greeting = (name: string, version: string, oldest: number, newest: number): Greeting => ({
  name,
  device: 'a'.repeat(32),
  version,
  protocol: { oldest, newest },
});

describe('the common protocol', () => {
  it.each([
    [1, 1, 1, 1, 1],
    [1, 3, 2, 5, 3],
    [2, 5, 1, 3, 3],
    [1, 9, 4, 4, 4],
    [1, 2, 3, 4, undefined],
    [3, 4, 1, 2, undefined],
  ])('of %i to %i and %i to %i is %s', (a, b, c, d, wanted) => {
    expect(commonProtocol({ oldest: a, newest: b }, { oldest: c, newest: d })).toBe(wanted);
  });
});

it.each([
  [greeting('garage', '0.9.0', 1, 1), greeting('nas', '2.0.0', 2, 3), 'worker'],
  [greeting('garage', '2.0.0', 2, 3), greeting('nas', '0.9.0', 1, 1), 'master'],
] as const)(
  'where ranges do not meet, the older computer says "update this computer" (%#)',
  (worker, master, older) => {
    const told = mismatch(worker, master);
    expect(told[older]).toMatch(/too old .*: update this computer\.$/);
    expect(told[older === 'worker' ? 'master' : 'worker']).toMatch(
      /is too old for this Flotilla 2\.0\.0: update it there\.$/,
    );
  },
);

it.each(['', '  ', 'a\nb', 'a\u001b[2Jb', '\u202egarage', 'x'.repeat(65)])('%j is no name of a computer', (name) => {
  expect(ComputerName.safeParse(name).success).toBe(false);
});

it('a greeting with a forged device id or without a range is none', () => {
  const good = greeting('garage', '1.0.0', 1, 1);
  expect(Greeting.safeParse(good).success).toBe(true);
  for (const wrong of [
    { device: '../x' },
    { device: deviceIdOf('A'.repeat(64)) },
    { protocol: 1 },
    { version: '1\n' },
  ]) {
    expect(Greeting.safeParse({ ...good, ...wrong }).success).toBe(false);
  }
});

it.each(['1', '0.1.0', '10.2.3-beta.1+build.7', '1.0.0_x'])('%j is a version', (version) => {
  expect(ProgramVersion.parse(version)).toBe(version);
});
it.each(['', 'v1', '1 2', '1/2', '1\n', 'URGENT: open', '1.0 <b>', '9'.repeat(33)])('%j is no version', (version) => {
  expect(ProgramVersion.safeParse(version).success).toBe(false);
});
