import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { tempFolder } from '../../test/support/temp.ts';
import { partOf } from './disc-folders.ts';

/** Makes empty files, and asks about the first of them. */
async function ask(...files: string[]): Promise<string | undefined> {
  const root = tempFolder();
  for (const file of files) {
    const [name = '', content = ''] = file.split('=');
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), content);
  }
  return partOf(path.join(root, files[0] ?? ''));
}

it.each<[string, string[]]>([
  ['a DVD', ['Movie/VIDEO_TS/VTS_01_1.VOB']],
  ['a DVD', ['Movie/video_ts/vts_01_1.vob']],
  ['a DVD', ['Movie/VTS_02_3.VOB']],
  ['a DVD', ['Movie/video.vob', 'Movie/VIDEO.IFO']],
  ['a DVD', ['Movie/video.vob', 'Movie/video.bup']],
  ['a Blu-ray disc', ['Disc/BDMV/STREAM/00001.m2ts']],
  ['a Blu-ray disc', ['Disc/BDMV/STREAM/SSIF/00001.m2ts']],
  ['a Blu-ray disc', ['Disc/stream/00001.m2ts', 'Disc/playlist/00000.mpls']],
  ['a Blu-ray disc or camera card', ['Disc/00001.m2ts', 'Disc/00000.mpls']],
  ['a Blu-ray disc or camera card', ['Card/00001.MTS', 'Card/00001.CPI']],
  ['a camera card', ['PRIVATE/AVCHD/CLIP/00001.MTS']],
  ['a camera card', ['PRIVATE/M4ROOT/CLIP/C0001.MP4']],
  ['a camera card', ['PRIVATE/SONY/x/C0001.MP4']],
  ['a camera card', ['CONTENTS/VIDEO/0001AB.MXF']],
  ['a camera card', ['CONTENTS/CLIPS001/AA0001/AA0001.MXF']],
  ['a camera card', ['XDROOT/Clip/C0001.MXF']],
  ['a camera card', ['Card/Clip/C0001.MXF', 'Card/MEDIAPRO.XML']],
  ['a library of another program', ['Fotos.photoslibrary/originals/0/a.mov']],
  ['a recording of VDR', ['Show/2024-01-01.20.15.1-0.rec/00001.ts', 'Show/2024-01-01.20.15.1-0.rec/index']],
  ['a stream in segments', ['hls/0.ts', 'hls/List.m3u8=#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\n0.ts']],
])('knows a video as part of %s', async (what, files) => {
  expect(await ask(...files)).toBe(what);
});

it.each([
  [['Movie/video.vob', 'Movie/video.srt', 'Movie/video.mkv']],
  [['recordings/video.m2ts', 'recordings/other.ts']],
  [['private/holiday.mp4']],
  [['Private/Sony.mp4']],
  [['contents/video.mp4']],
  [['clip/video.mp4', 'video.xml']],
  [['stream/video.mp4']],
  [['BDMV.mkv']],
  [['Videos/hls.ts', 'Videos/all.m3u8=#EXTM3U\n#EXTINF:6,Video\nhls.ts']],
  [['Videos/video.ts', 'Videos/live.m3u8=#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\n0.ts']],
])('leaves a video by itself to be converted: %j', async (files) => {
  expect(await ask(...files)).toBeUndefined();
});
