import { expect, it } from 'vitest';
import type { AudioStream } from '../../../src-shared/media/probe.ts';
import { addDecoded, decodedPlaces } from './sound-probe.ts';

const packets = (n: number) => Array.from({ length: n }, () => ({ type: 'packet', stream_index: 1 }));
const frames = (...layouts: [channels: number, layout: string][]) =>
  layouts.map(([channels, channel_layout]) => ({ type: 'frame', stream_index: 1, channels, channel_layout }));
const stereo = { channels: 2, layout: 'stereo' };

/** What is known of a track after it was listened to. */
function listened(over: Partial<AudioStream>, heard: Parameters<typeof addDecoded>[1]): Partial<AudioStream> {
  const stream: AudioStream = { index: 1, type: 'audio', codec: 'ac3', ...stereo, ...over };
  addDecoded([stream], heard);
  const { channels, layout, layouts, undecodable } = stream;
  return { channels, ...(layout && { layout }), ...(layouts && { layouts }), ...(undecodable && { undecodable }) };
}

it.each<[string, Partial<AudioStream>, Parameters<typeof addDecoded>[1], Partial<AudioStream>]>([
  ['what the head says', {}, frames([2, 'stereo']), stereo],
  ['nothing', {}, [], stereo],
  ['few packets that give no frame', {}, packets(7), stereo],
  ['packets that give no frame', {}, packets(8), { ...stereo, undecodable: true }],
  ['sound of another track', {}, [{ ...frames([6, '5.1'])[0], type: 'frame', stream_index: 2 }], stereo],
  [
    'stereo, then 5.1',
    {},
    [...packets(9), ...frames([2, 'stereo'], [6, '5.1(side)'], [2, 'stereo'])],
    { channels: 6, layout: '5.1(side)', layouts: ['stereo', '5.1(side)'] },
  ],
  [
    '5.1 from the start, against the head',
    {},
    frames([6, '5.1(side)']),
    { channels: 6, layout: '5.1(side)', layouts: ['5.1(side)', 'stereo'] },
  ],
  [
    'stereo in a track of 5.1',
    { channels: 6, layout: '5.1(side)' },
    frames([2, 'stereo']),
    { channels: 6, layout: '5.1(side)', layouts: ['stereo', '5.1(side)'] },
  ],
  ['sound of a head without channels', { channels: 0, layout: undefined }, frames([2, 'stereo']), stereo],
  ['channels without a name', { channels: 6, layout: undefined }, frames([6, '6 channels']), { channels: 6 }],
])('hears %s', (_, over, heard, expected) => expect(listened(over, heard)).toEqual(expected));

it('listens at the beginning, and throughout what is longer, from where the clock begins', () => {
  expect(decodedPlaces(0, 2)).toEqual(['%+1.5']);
  const places = decodedPlaces(100, 50);
  expect(places).toHaveLength(11);
  expect(places.slice(0, 2)).toEqual(['%+1.5', '105.000%+0.25']);
});
