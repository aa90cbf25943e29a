import { describeStream } from '../media/describe.ts';
import type { AudioStream } from '../media/probe.ts';
import { lookupAudioKbps, type Tables } from '../media/quality.ts';
import type { Settings } from '../settings/settings.ts';
import { type AudioEncode, type Copy, Layout } from './stream-plan.ts';

/** The channels of layouts that libopus takes as they are (RFC 7845 mapping family 0 and 1). */
const OPUS_LAYOUTS: Record<Layout, number> = {
  mono: 1,
  stereo: 2,
  '3.0': 3,
  quad: 4,
  '5.0': 5,
  '5.1': 6,
  '6.1': 7,
  '7.1': 8,
};

/**
 * What libopus refuses -> the layout that takes every channel of it (measured tone by tone; docs/encoding.md).
 * Never a list of alternatives: given one, ffmpeg turns 2.1 into stereo and loses the LFE.
 */
const REMEDIES: Record<string, Layout> = {
  downmix: 'stereo',
  'quad(side)': 'quad',
  '5.0(side)': '5.0',
  '5.1(side)': '5.1',
  '2.1': '5.1',
  '3.1': '5.1',
  '4.0': '6.1',
  '4.1': '6.1',
  '6.0': '6.1',
  '7.0': '7.1',
  '6.1(back)': '7.1',
  hexagonal: '7.1',
  '7.1(wide)': '7.1',
  '7.1(wide-side)': '7.1',
};

/** Layouts whose remedy moves a channel between speakers, which the plan then says. */
const MOVED: Record<string, string> = {
  '6.1(back)': 'the back centre is shared between the two back speakers',
  hexagonal: 'the back centre is shared between the two back speakers',
  '7.1(wide)': 'the front wide channels are mixed into the front ones',
  '7.1(wide-side)': 'the front wide channels are mixed into the front ones',
};

/** Layouts that hold every speaker of smaller ones, for tracks whose layout changes. */
const HOLD_SMALLER = new Set(['stereo', '5.1', '7.1']);

/** Codecs that carry words for a night mode, which ffmpeg's decoders apply by default (ETSI TS 102 366, 7.7). */
const NIGHT_MODE = new Set(['ac3', 'eac3']);

/** Number of channels in Opus of a track with this `layout`; undefined when Opus has no mapping for it. */
export function opusChannels(layout: string): number | undefined {
  const target = layout in OPUS_LAYOUTS ? (layout as keyof typeof OPUS_LAYOUTS) : REMEDIES[layout];
  return target && OPUS_LAYOUTS[target];
}

/** Names of object audio, in profiles and in titles of tracks. */
const OBJECT_AUDIO = /atmos(?!ph)|dts[:-]?x\b/i;

/** What becomes of an audio track. */
export function planAudio(stream: AudioStream, settings: Settings, tables: Tables): AudioEncode | Copy {
  const from = describeStream(stream);
  const copy = (why: string): Copy => ({
    action: 'copy',
    type: 'audio',
    source: stream.index,
    from,
    to: 'copied',
    why,
  });

  if (stream.codec === 'opus') return copy('it is Opus already');
  if (settings.skipAudioTranscode) return copy('audio is copied by your settings');
  const objects = stream.objects ?? OBJECT_AUDIO.test(`${stream.profile ?? ''} ${stream.title ?? ''}`);
  if (objects && settings.objectAudio === 'copy') return copy('object audio cannot be kept in Opus');
  if (stream.undecodable) return copy('this ffmpeg cannot decode it');
  if (stream.codec?.startsWith('amr_')) return copy('it is a speech codec whose packets cannot always be taken apart');
  if (stream.channels > 8) return copy('Opus holds at most 8 channels');

  const layout = stream.layout ?? (stream.channels === 1 ? 'mono' : stream.channels === 2 ? 'stereo' : '');
  const target = Layout.safeParse(layout).data ?? REMEDIES[layout];
  const channels = target && OPUS_LAYOUTS[target];
  if (!channels) return copy(`Opus has no place for its channel layout (${layout || 'not named in the file'})`);

  const kbps = lookupAudioKbps(tables.audio, stream.channels);
  const changes = stream.layouts?.join(', ');
  if (changes && !HOLD_SMALLER.has(target)) return copy(`its channels change mid-video (${changes})`);
  const relaid = target !== stream.layout || changes;
  const kept = changes && `its channels change mid-video (${changes}), and ${target} holds all of them`;
  const why = [objects && 'its audio objects are lost', MOVED[layout], kept].filter(Boolean).join('; ');
  return {
    action: 'opus',
    type: 'audio',
    source: stream.index,
    from,
    to: `Opus ${target} ${kbps} kb/s`,
    kbps,
    channels,
    ...(relaid && { layout: target }),
    ...(NIGHT_MODE.has(stream.codec ?? '') && { fullRange: true }),
    ...(why && { why }),
  };
}
