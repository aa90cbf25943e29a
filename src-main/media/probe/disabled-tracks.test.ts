import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { StreamPlan } from '../../../src-shared/plan/stream-plan.ts';
import { tempFolder } from '../../test/support/temp.ts';
import { disabledIn, keepDisabled, readDisabled } from './disabled-tracks.ts';

/** An element whose data is in hexadecimal digits. */
const element = (id: string, data: string) => `${id}${(0x10000000 + data.length / 2).toString(16)}${data}`;
const track = (...flags: string[]) =>
  element('ae', `${element('83', '02')}${element('86', '415f41')}${flags.join('')}`);
const folder = tempFolder();
let names = 0;

function put(...tracks: string[]): string {
  const file = path.join(folder, `${names++}.mkv`);
  const segment = element('18538067', element('1654ae6b', tracks.join('')) + element('1f43b675', ''));
  writeFileSync(file, Buffer.from(element('1a45dfa3', '') + segment, 'hex'));
  return file;
}

const sound = (source: number, action = 'copy') => ({ source, action, type: 'audio', from: '', to: '' }) as StreamPlan;
const [ON, OFF, NOT_LACED] = ['b98101', 'b98100', '9c8100'];

describe('tracks that are switched off', () => {
  it('are so in the result, wherever they stand there', async () => {
    const original = put(track(), track(OFF), track(ON), track(OFF));
    expect([...(await readDisabled(original))]).toEqual([1, 3]);
    const result = put(track(NOT_LACED), track(NOT_LACED), track(NOT_LACED));
    const before = readFileSync(result);
    expect(await keepDisabled(original, result, [sound(0), sound(3), sound(2)])).toBe(1);
    expect([...(await readDisabled(result))]).toEqual([1]);
    expect(readFileSync(result).length).toBe(before.length);
  });

  it('stay on where nothing can take the place of their flag, and where none is off', async () => {
    const [original, result] = [put(track(OFF)), put(track())];
    expect(await keepDisabled(original, result, [sound(0)])).toBe(0);
    expect(await keepDisabled(put(track()), result, [sound(0)])).toBe(0);
    expect([...(await readDisabled(result))]).toEqual([]);
  });

  it('are not those that are made of others', () => {
    const streams = [sound(0), sound(0, 'captions'), { ...sound(0), type: 'attachment' } as StreamPlan];
    expect([...disabledIn(streams, new Set([0]))]).toEqual([0]);
  });
});
