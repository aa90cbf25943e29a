import { expect, it } from 'vitest';
import { Report, toStream } from './ffprobe-report.ts';

/** A stream as ffprobe prints it. */
const parse = (printed: object) => {
  const [stream] = Report.parse({ streams: [{ index: 1, ...printed }] }).streams;
  if (!stream) throw new Error('no stream');
  return toStream(stream, []);
};

it.each([
  [{ language: 'fre', title: 'Commentaire', 'BPS-eng': '64000' }],
  [{ LANGUAGE: 'fre', TITLE: 'Commentaire', BPS: '64000' }],
  [{ Language: 'fre', Title: 'Commentaire', 'Bps-Eng': '64000' }],
  [{ LANGUAGE: 'fre', language: 'ger', Title: 'Commentaire', title: 'Kommentar', bps: '64000' }],
])('reads tags without regard to case: %j', (tags) => {
  const sound = { codec_type: 'audio', codec_name: 'ac3', channels: 2, channel_layout: 'stereo', tags };
  expect(parse(sound)).toMatchObject({ language: 'fre', title: 'Commentaire', bitRate: 64000 });
});

it.each([
  [{ ALPHA_MODE: '1', DURATION: '00:00:03.500000000' }],
  [{ Alpha_Mode: '1', 'DURATION-eng': '00:00:03.500000000' }],
])('reads the tags of pictures without regard to case: %j', (tags) => {
  const pictures = { codec_type: 'video', codec_name: 'vp9', width: 160, height: 90, tags };
  expect(parse(pictures)).toMatchObject({ alpha: true, duration: 3.5 });
});
