import { describe, expect, it } from 'vitest';
import type { AudioStream } from '../media/probe.ts';
import { DEFAULT_TABLES } from '../media/quality.ts';
import { Settings } from '../settings/settings.ts';
import { planAudio } from './audio-plan.ts';
import type { AudioEncode } from './stream-plan.ts';

const settings = Settings.parse({});
const plan = (over: Partial<AudioStream>, set: Partial<Settings> = {}) =>
  planAudio({ index: 3, type: 'audio', codec: 'ac3', channels: 2, ...over }, { ...settings, ...set }, DEFAULT_TABLES);

describe('layouts that libopus takes', () => {
  it.each([
    ['mono', 1, 64],
    ['stereo', 2, 96],
    ['3.0', 3, 136],
    ['quad', 4, 176],
    ['5.0', 5, 216],
    ['5.1', 6, 256],
    ['6.1', 7, 288],
    ['7.1', 8, 320],
  ])('%s stays as it is', (layout, channels, kbps) => {
    expect(plan({ layout, channels })).toEqual({
      action: 'opus',
      type: 'audio',
      source: 3,
      from: `${layout} AC-3`,
      to: `Opus ${layout} ${kbps} kb/s`,
      kbps,
      channels,
      fullRange: true,
    });
  });
});

describe('layouts that libopus refuses', () => {
  const back = 'the back centre is shared between the two back speakers';
  const wide = 'the front wide channels are mixed into the front ones';
  it.each([
    ['downmix', 2, 'stereo', 2, 96, undefined],
    ['quad(side)', 4, 'quad', 4, 176, undefined],
    ['5.0(side)', 5, '5.0', 5, 216, undefined],
    ['5.1(side)', 6, '5.1', 6, 256, undefined],
    ['2.1', 3, '5.1', 6, 136, undefined],
    ['3.1', 4, '5.1', 6, 176, undefined],
    ['4.0', 4, '6.1', 7, 176, undefined],
    ['4.1', 5, '6.1', 7, 216, undefined],
    ['6.0', 6, '6.1', 7, 256, undefined],
    ['7.0', 7, '7.1', 8, 288, undefined],
    ['6.1(back)', 7, '7.1', 8, 288, back],
    ['hexagonal', 6, '7.1', 8, 256, back],
    ['7.1(wide)', 8, '7.1', 8, 320, wide],
    ['7.1(wide-side)', 8, '7.1', 8, 320, wide],
  ])('%s becomes one layout with room for its channels', (layout, channels, target, room, kbps, why) => {
    const made = plan({ layout, channels });
    expect(made).toMatchObject({ action: 'opus', layout: target, channels: room, kbps });
    expect(made.to).toBe(`Opus ${target} ${kbps} kb/s`);
    expect(made.why).toBe(why);
    expect(room).toBeGreaterThanOrEqual(channels);
  });
});

it.each([
  [1, 'mono'],
  [2, 'stereo'],
])('%i channel(s) without a layout are %s', (channels, layout) => {
  expect(plan({ channels })).toMatchObject({ action: 'opus', layout, channels });
});

it.each([
  ['ac3', { fullRange: true }],
  ['eac3', { fullRange: true }],
  ['truehd', {}],
])('%s is decoded at its full range where it carries a night mode', (codec, range) => {
  const { fullRange } = plan({ codec, channels: 6, layout: '5.1(side)' }) as AudioEncode;
  expect({ ...(fullRange && { fullRange }) }).toEqual(range);
});

it('a layout that changes in mid-video becomes the one that holds all of it', () => {
  const changing = { channels: 6, layout: '5.1', layouts: ['stereo', '5.1'] };
  expect(plan(changing)).toMatchObject({
    ...{ action: 'opus', channels: 6, layout: '5.1' },
    why: 'its channels change mid-video (stereo, 5.1), and 5.1 holds all of them',
  });
});

describe('what is copied, and why', () => {
  it.each<[string, Partial<AudioStream>, Partial<Settings>, string]>([
    ['Opus', { codec: 'opus' }, {}, 'it is Opus already'],
    ['by the settings', {}, { skipAudioTranscode: true }, 'audio is copied by your settings'],
    [
      'Atmos by its profile',
      { channels: 8, layout: '7.1', profile: 'Dolby TrueHD + Dolby Atmos' },
      {},
      'object audio cannot be kept in Opus',
    ],
    ['DTS:X by its profile', { profile: 'DTS-HD MA + DTS:X IMAX' }, {}, 'object audio cannot be kept in Opus'],
    ['Atmos by its title', { title: 'DDP5.1Atmos' }, {}, 'object audio cannot be kept in Opus'],
    ['DTS-X by its title', { title: 'English dts-x' }, {}, 'object audio cannot be kept in Opus'],
    ['what cannot be decoded', { codec: 'ac4', undecodable: true }, {}, 'this ffmpeg cannot decode it'],
    [
      'a layout that changes to speakers that another has not',
      { channels: 7, layout: '6.1', layouts: ['quad', '6.1'] },
      {},
      'its channels change mid-video (quad, 6.1)',
    ],
    ['9 channels', { channels: 9 }, {}, 'Opus holds at most 8 channels'],
    ['16 channels', { channels: 16, layout: 'hexadecagonal' }, {}, 'Opus holds at most 8 channels'],
    [
      'a layout that is not named',
      { channels: 6 },
      {},
      'Opus has no place for its channel layout (not named in the file)',
    ],
    [
      'a layout without remedy',
      { channels: 3, layout: '3.0(back)' },
      {},
      'Opus has no place for its channel layout (3.0(back))',
    ],
  ])('%s', (_, over, set, why) => {
    expect(plan(over, set)).toMatchObject({ action: 'copy', type: 'audio', source: 3, to: 'copied', why });
  });

  it.each([{ profile: 'DTS-HD MA' }, { title: 'Atmospheric sounds' }, { title: 'DTS-XLL' }])('not for %j', (over) => {
    expect(plan(over).action).toBe('opus');
  });
});
