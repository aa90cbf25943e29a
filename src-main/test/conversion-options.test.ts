/** What the settings change about a conversion: the base layer alone, the container of the source. */
import { copyFileSync, existsSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { convert, type Line, outcomes, type Run, run } from './support/cli.ts';
import { copyMedia, makeClip, SHARED } from './support/clips.ts';
import { frameSideData, packetTimes, probe } from './support/media-probe.ts';
import { makeHome } from './support/temp.ts';

const ffmpeg = (...args: string[]) => execaSync('ffmpeg', ['-nostdin', '-v', 'error', '-y', ...args]);

/** Converts everything that `fill` puts into a library. */
async function converted(options: string[], fill: (media: string) => void) {
  const { data, media } = makeHome();
  fill(media);
  const result = await convert(data, [media], ['--testing', ...options]);
  const lines = new Map(result.lines.filter((l) => l.type === 'file').map((l): [string, Line] => [String(l.path), l]));
  return { data, media, result, lines };
}

/** A file's times of being shown against its first; the order of packets in the file does not matter. */
function spacing(file: string, index: number): number[] {
  const times = packetTimes(file, index);
  return times.map((time) => time - (times[0] ?? 0));
}

describe('the base layer alone', () => {
  const zoo = path.join(SHARED, 'zoo');
  const media = path.join(SHARED, 'media');
  const names = ['dv5.mp4', 'dv7.mp4', 'dv8_hdr10plus.mp4', 'dv8_rpu_only.mkv'];
  const more = ['iphone_dv84_hlg_editlist.mp4', 'hdr10plus_hevc.mkv', 'hevc_pq_stream_sdr_container.mp4'];
  if (!existsSync(zoo) || !existsSync(media)) {
    it('the base layer of real videos is kept', ({ skip }) => skip('../shared is not there'));
    return;
  }
  let folder = '';
  let lines: Map<string, Line>;
  beforeAll(async () => {
    const done = await converted(['--dynamic-hdr', 'base-layer', '--data-streams', 'drop'], (to) => {
      copyMedia(zoo, to, (name) => names.includes(name));
      copyMedia(media, to, (name) => more.includes(name));
    });
    ({ media: folder, lines } = done);
  }, 600_000);
  const result = (name: string) => path.join(folder, `${path.parse(name).name}.mkv`);

  it.each(['dv5.mp4', 'dv8_rpu_only.mkv'])('the base layer alone is never kept of %s', (name) => {
    expect(lines.get(name)).toMatchObject({ state: 'skipped', code: 'dolby-vision' });
  });

  it.each([
    ['dv7.mp4', zoo, 'smpte2084'],
    ['dv8_hdr10plus.mp4', zoo, 'smpte2084'],
    ['hdr10plus_hevc.mkv', media, 'smpte2084'],
    ['hevc_pq_stream_sdr_container.mp4', media, 'smpte2084'],
    ['iphone_dv84_hlg_editlist.mp4', media, 'arib-std-b67'],
  ])('of %s arrives complete, and nothing false beside it', (name, source, transfer) => {
    const [video] = probe(result(name)).streams;
    expect(video).toMatchObject({ codec_name: 'av1', color_transfer: transfer, color_primaries: 'bt2020' });
    expect(video?.side_data_list?.map((s) => s.side_data_type) ?? []).not.toContain('DOVI configuration record');
    const [before, after] = [path.join(source, name), result(name)].map(frameSideData);
    const kinds = Object.keys(after ?? {});
    expect(kinds.filter((kind) => /HDR10\+|Dolby/.test(kind))).toEqual([]);
    const light = 'Content light level metadata';
    expect(after?.[light]).toEqual(before?.[light]);
    const [from, to] = [spacing(path.join(source, name), 0), spacing(result(name), 0)];
    expect(to).toHaveLength(from.length);
    expect(Math.max(...from.map((time, i) => Math.abs(time - (to[i] ?? Number.NaN))))).toBeLessThan(0.0011);
  });

  it('the base layer stays in sync in a video with an edit list', () => {
    const start = (file: string, index: number) => packetTimes(file, index)[0] ?? Number.NaN;
    const name = 'iphone_dv84_hlg_editlist.mp4';
    // Opus priming of 6.5 ms lies before the first sound.
    expect(start(result(name), 0) - start(result(name), 1)).toBeLessThan(0.02);
    expect(probe(result(name)).streams[0]).toMatchObject({ width: 1080, height: 1920 });
  });
});

describe('the container of the source', () => {
  /** Both languages, flags, chapters, a cover: everything an MP4 made for players has. */
  function makeMp4(file: string): void {
    const folder = path.dirname(file);
    const [plain, texts, chapters, cover] = ['plain.mkv', 'texts.srt', 'chapters.txt', 'cover.png'].map((n) =>
      path.join(folder, '..', n),
    ) as [string, string, string, string];
    makeClip(plain, { seconds: 3, sound: true });
    writeFileSync(texts, '1\n00:00:00,500 --> 00:00:01,000\nOne\n\n2\n00:00:01,500 --> 00:00:02,000\nTwo\n');
    const chapter = (title: string, from: number, to: number) =>
      `[CHAPTER]\nTIMEBASE=1/1000\nSTART=${from}\nEND=${to}\ntitle=${title}\n`;
    writeFileSync(chapters, `;FFMETADATA1\ntitle=A clip\n${chapter('First', 0, 1000)}${chapter('Second', 1000, 3000)}`);
    ffmpeg('-f', 'lavfi', '-i', 'testsrc2=s=64x96:r=1:d=1', '-frames:v', '1', cover);
    const inputs = [plain, texts, chapters, cover].flatMap((input) => ['-i', input]);
    const maps = ['0:v', '0:a', '1:s', '3:v'].flatMap((map) => ['-map', map]);
    const labels = [
      '-metadata:s:a:0',
      'language=ger',
      '-metadata:s:s:0',
      'language=fre',
      '-disposition:s:0',
      'default',
    ];
    ffmpeg(
      ...inputs,
      ...maps,
      '-map_metadata',
      '2',
      '-c',
      'copy',
      '-c:s',
      'mov_text',
      ...labels,
      '-disposition:v:1',
      'attached_pic',
      file,
    );
    const hourAgo = new Date(Date.now() - 3_600_000);
    utimesSync(file, hourAgo, hourAgo);
  }
  let folder = '';
  let result: Run;
  const original = () => path.join(folder, '..', 'original.mp4');
  beforeAll(async () => {
    ({ media: folder, result } = await converted(['--container', 'source'], (media) => {
      makeMp4(path.join(media, 'video.mp4'));
      copyFileSync(path.join(media, 'video.mp4'), path.join(media, '../original.mp4'));
      makeClip(path.join(media, 'web.webm'), { options: ['-c:v', 'libvpx', '-b:v', '2M', '-c:a', 'libvorbis'] });
      makeClip(path.join(media, 'named.mp4'), { options: ['-c:a', 'ac3', '-disposition:a:0', '0'] });
      makeClip(path.join(media, 'old.avi'), { options: ['-c:v', 'mpeg4', '-q:v', '2', '-c:a', 'mp2'] });
    }));
  });

  it('the container of the source is kept if everything fits', () => {
    expect(outcomes(result)).toEqual(['named.mp4: done', 'old.mkv: done', 'video.mp4: done', 'web.webm: done']);
    expect(probe(path.join(folder, 'web.webm')).streams.map((s) => s.codec_name)).toEqual(['av1', 'opus']);
    expect(probe(path.join(folder, 'web.webm')).format.tags).not.toHaveProperty('major_brand');
  });

  it('MP4 keeps everything in it, and begins with its index', () => {
    const file = path.join(folder, 'video.mp4');
    const { streams, chapters, format } = probe(file);
    expect(streams.filter((s) => s.codec_type !== 'data').map((s) => s.codec_name)).toEqual([
      'av1',
      'opus',
      'mov_text',
      'png',
    ]);
    expect(streams[1]?.tags).toMatchObject({ language: 'ger' });
    expect(streams[2]?.tags).toMatchObject({ language: 'fre' });
    expect(chapters.map((c) => c.tags?.title)).toEqual(['First', 'Second']);
    expect(format.tags).toMatchObject({ title: 'A clip' });
    expect(streams.find((s) => s.disposition.attached_pic === 1)?.codec_name).toBe('png');
    expect(spacing(file, 0)).toHaveLength(spacing(original(), 0).length);
    const text = (from: string) => ffmpeg('-i', from, '-map', '0:s', '-f', 'srt', '-').stdout;
    expect(text(file)).toBe(text(original()));
    const boxes = execaSync('ffprobe', ['-v', 'trace', file], { reject: false }).stderr;
    expect(boxes.indexOf("type:'moov'")).toBeLessThan(boxes.indexOf("type:'mdat'"));
  });

  it("the container of the source is given up, with the reason, if something doesn't fit", async () => {
    const { data, media } = makeHome();
    // A video in Matroska under the name of a WebM, which it outgrows.
    const file = path.join(media, 'named.webm');
    const attach = ['-attach', import.meta.filename, '-metadata:s:t:0', 'mimetype=text/plain'];
    makeClip(file, { options: [...attach, '-f', 'matroska'] });
    const { stdout } = await run(['plan', file, '--container', 'source', '--data', data]);
    expect(stdout).toContain('Would become named.mkv');
    const name = path.basename(import.meta.filename);
    expect(stdout).toContain(`The result is Matroska, because WebM cannot hold the attachment ${name}.`);
  });
});
