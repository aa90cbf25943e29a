/** Sound, texts and covers of odd videos, from the scan to the result. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { convert, outcomes, type Run } from './support/cli.ts';
import { probe } from './support/media-probe.ts';
import { makeHome } from './support/temp.ts';

const home = makeHome();
const at = (name: string) => path.join(home.media, name);
const aside = (name: string) => path.join(home.media, '..', name);
const PICTURE = ['-f', 'lavfi', '-i', 'testsrc2=s=160x90:r=25:d=3'];
const X264 = ['-c:v', 'libx264', '-preset', 'ultrafast'];

function ffmpeg(...args: string[]): void {
  execaSync('ffmpeg', ['-nostdin', '-v', 'error', '-y', ...args]);
}

/** Sets the dynamic range word of each stereo AC-3 frame of 640 kb/s to -18 dB (ETSI TS 102 366, 4.4.3 and 6.7.1). */
function atNight(frames: Buffer): Buffer {
  const size = 2560;
  for (let start = 0; start + size <= frames.length; start += size) {
    const frame = frames.subarray(start, start + size);
    let bits = [...frame].map((byte) => byte.toString(2).padStart(8, '0')).join('');
    // Behind the heads and five flags that are off, and the switches of two channels.
    const word = 48 + 3 + 2 + 1 + 5 + 3 + 2 + 2 + 1 + 4;
    expect(bits[word]).toBe('0');
    bits = `${bits.slice(0, word)}110100000${bits.slice(word + 1, -32)}${bits.slice(-24)}`;
    for (let i = 0; i < size; i++) frame[i] = Number.parseInt(bits.slice(8 * i, 8 * i + 8), 2);
  }
  return frames;
}

function level(file: string): number {
  const args = ['-nostdin', '-hide_banner', '-i', file, '-map', '0:a', '-af', 'volumedetect', '-f', 'null', '-'];
  return Number(/mean_volume: (\S+) dB/.exec(execaSync('ffmpeg', args).stderr)?.[1]);
}

describe('odd streams', () => {
  let run: Run;

  beforeAll(async () => {
    const stereo = aside('stereo.ac3');
    const tones = 'aevalsrc=0.2*sin(600*PI*t)|0.2*sin(800*PI*t):c=stereo:s=48000:d=1.5';
    ffmpeg('-f', 'lavfi', '-i', tones, '-c:a', 'ac3', '-b:a', '640k', stereo);

    const night = aside('night.ac3');
    writeFileSync(night, atNight(readFileSync(stereo)));
    ffmpeg(...PICTURE, '-i', night, ...X264, '-c:a', 'copy', '-shortest', at('night.mkv'));

    const still = ['-f', 'lavfi', '-i', 'testsrc=s=96x96:r=1:d=1'];
    const covers = ['-c:v:1', 'mjpeg', '-c:v:2', 'png', '-frames:v:1', '1', '-frames:v:2', '1'];
    ffmpeg(...PICTURE, ...still, ...still, '-map', '0', '-map', '1', '-map', '2', ...X264, ...covers, at('covers.mkv'));

    // A packet of sound in the middle is noise.
    ffmpeg(...PICTURE, '-f', 'lavfi', '-i', 'sine=d=3', '-c:v', 'mpeg4', '-c:a', 'libmp3lame', at('broken.avi'));
    const avi = readFileSync(at('broken.avi'));
    const packet = avi.indexOf('01wb', avi.length / 2);
    for (let i = 0; i < avi.readUInt32LE(packet + 4); i++) avi[packet + 8 + i] = (i * 7 + 13) % 251;
    writeFileSync(at('broken.avi'), avi);

    // A broadcast from its first third on, behind the tables of its services.
    const sent = aside('sent.ts');
    ffmpeg(...PICTURE, '-f', 'lavfi', '-i', 'sine=d=3', '-c:v', 'mpeg2video', '-g', '25', '-c:a', 'mp2', sent);
    const packets = readFileSync(sent);
    const from = 188 * Math.floor((packets.length / 188) * 0.4);
    writeFileSync(at('recording.ts'), Buffer.concat([packets.subarray(0, 3 * 188), packets.subarray(from)]));

    // A text track that begins behind the end, as shops sell them.
    writeFileSync(aside('late.srt'), '1\n00:00:05,000 --> 00:00:05,500\nLater\n\n');
    const texts = ['-i', aside('late.srt'), '-map', '0', '-map', '1', '-c:s', 'mov_text'];
    ffmpeg(...PICTURE, ...texts, ...X264, aside('texts.mp4'));
    ffmpeg('-i', aside('texts.mp4'), '-map', '0', '-c', 'copy', '-t', '1', at('textless.mp4'));

    const sound = (name: string, layout: string, seconds: number) => {
      const tone = `sine=d=${seconds},aformat=channel_layouts=${layout}:sample_rates=48000`;
      ffmpeg('-f', 'lavfi', '-i', tone, '-c:a', 'ac3', '-b:a', '192k', '-f', 'ac3', aside(name));
      return readFileSync(aside(name));
    };
    const [two, six, glimpse] = [sound('2', 'stereo', 1), sound('6', '5.1', 2), sound('g', '5.1', 0.5)];
    const joined = (name: string, seconds: number, ...parts: Buffer[]) => {
      writeFileSync(aside('parts.ac3'), Buffer.concat(parts));
      const slow = ['-f', 'lavfi', '-i', `testsrc2=s=160x90:r=5:d=${seconds}`];
      ffmpeg(...slow, '-f', 'ac3', '-i', aside('parts.ac3'), ...X264, '-c:a', 'copy', at(name));
    };
    joined('more.mkv', 3, two, six);
    // Between the places that are listened to beforehand.
    joined('glimpse.mkv', 20, ...Array(10).fill(two), two.subarray(0, two.length / 2), glimpse, ...Array(9).fill(two));

    // Two programs of a recording, the second in another rate.
    const programs = [44_100, 48_000].map((rate, i) => {
      const tone = `sine=f=${300 + 200 * i}:r=${rate}:d=2`;
      const pictures = ['-f', 'lavfi', '-i', 'testsrc2=s=160x90:r=25:d=2'];
      const codecs = [...X264, '-bf', '0', '-c:a', 'aac', '-output_ts_offset', String(2 * i)];
      ffmpeg(...pictures, '-f', 'lavfi', '-i', tone, ...codecs, aside('program.ts'));
      return readFileSync(aside('program.ts'));
    });
    writeFileSync(at('rates.ts'), Buffer.concat(programs));

    run = await convert(home.data, [home.media], ['--testing', '--crf', '35']);
  });

  it('odd streams are converted', () => {
    const names = ['broken', 'covers', 'more', 'night', 'rates', 'recording', 'textless'];
    expect(outcomes(run).filter((outcome) => !outcome.startsWith('glimpse'))).toEqual(
      names.map((name) => `${name}.mkv: done`),
    );
  });

  it('stereo that becomes surround in the middle keeps all its channels', () => {
    expect(probe(at('more.mkv')).streams[1]).toMatchObject({ codec_name: 'opus', channels: 6 });
  });

  it('surround that the analysis missed is detected, and nothing is replaced', () => {
    expect(outcomes(run)).toContain('glimpse.mkv: skipped (changes)');
    const said = run.lines.find(({ type, path: file }) => type === 'file' && file === 'glimpse.mkv');
    expect(said?.reason).toMatch(/channels of .* change mid-video \(stereo, 5\.1.*\), so that some would be lost/);
  });

  it('TrueHD, whose frames are shorter than a millisecond, is kept', async () => {
    const { data, media } = makeHome();
    const tones = ['-f', 'lavfi', '-i', 'aevalsrc=0.1*sin(600*PI*t)|0.1*sin(800*PI*t):c=stereo:s=48000:d=1'];
    const codecs = [...X264, '-c:a', 'truehd', '-strict', '-2', '-shortest'];
    ffmpeg(...PICTURE, ...tones, ...codecs, path.join(media, 'truehd.mkv'));
    expect(outcomes(await convert(data, [media], ['--skip-audio-transcode']))).toEqual(['truehd.mkv: done']);
    expect(probe(path.join(media, 'truehd.mkv')).streams[1]?.codec_name).toBe('truehd');
  });

  it("night-mode compression isn't applied", () => {
    const fullRange = level(aside('stereo.ac3'));
    expect(level(aside('night.ac3'))).toBeLessThan(fullRange - 12);
    expect(Math.abs(level(at('night.mkv')) - fullRange)).toBeLessThan(2);
  });

  it('single pictures without a flag are covers', () => {
    const { streams } = probe(at('covers.mkv'));
    expect(streams.map((s) => [s.codec_name, s.disposition.attached_pic])).toEqual([
      ['av1', 0],
      ['mjpeg', 1],
      ['png', 1],
    ]);
  });
});
