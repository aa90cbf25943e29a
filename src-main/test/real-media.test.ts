/** Real videos, converted once each: what became of every stream of every one. */
import path from 'node:path';
import { expect, it } from 'vitest';
import { describeMedia, done, lists, mainVideo, type Outcome, untimed, without } from './support/media-suite.ts';

const MEDIA: Record<string, Outcome> = {
  'av1_hdr10_mdcv_clli.mp4': 'av1',
  // Its clock jumps back.
  'bbb_mpeg4_aac51.mkv': 'too-damaged',
  'big_buck_bunny_0_30.webm': done(72, 'av1 1280x720', 'opus stereo'),
  'chapters.mp4': without({ 2: /Chapter title track/ }, done(30, 'av1 1080x720', 'opus mono')),
  'cockatoo_444.mp4': done(82, 'av1 1280x720', 'opus mono'),

  'corrupted.mp4': 'damaged',
  'coverart_mjpeg_60fps.mov': without({ 1: /Timecode track/ }, done(300, 'av1 800x600', 'cover.jpg')),
  'drone_hevc_338p.mp4': done(98, 'av1 600x338'),
  'flir_vfr_1080x1440.mp4': done(84, 'av1 1080x1440', 'opus mono'),
  'goldengate_portrait.mp4': done(121, 'av1 720x1280'),
  'gopro_karma_gpmf.mp4': without(
    { 2: /Timecode track/, 3: /GoPro telemetry/, 4: /GoPro recovery/ },
    done(362, 'av1 854x480', 'opus stereo'),
  ),
  'hdr10plus_hevc.mkv': 'hdr10-plus',
  'hevc_pq_stream_sdr_container.mp4': 'hdr10-plus',
  'highway_540p60.mp4': done(120, 'av1 960x540'),
  'iphone_dv84_hlg_editlist.mp4': lists('h encoder=libsvtav1', '-dolbyvision')
    ? without({ 2: /metadata track/, 3: /metadata track/ }, done(77, 'av1 1080x1920', 'opus stereo'))
    : 'old-ffmpeg',
  'iphone_rotated_gps.mov': without(
    { 2: /metadata track/, 3: /metadata track/ },
    done(120, 'opus mono', 'av1 320x568'),
  ),
  'kodak_mjpeg.AVI': done(41, 'av1 320x240', 'opus mono'),
  'lego_sorenson.flv': done(139, 'opus mono', 'av1 320x240'),
  'lego_wmv2.asf': done(161, 'av1 560x320', 'opus stereo'),
  // Not every packet has a time of its own.
  'movie_hello.mpeg': untimed(done(249, 'av1 640x480', 'opus stereo')),
  // AMR stays as it is: Opus frames cannot always be cut from it.
  'phone_h263_amr.3gp': done(222, 'av1 176x144', 'amr_nb 1'),
  'screen_bbc_page.mp4': done(32, 'av1 2732x1376'),
  'sintel_trailer-720p.mp4': done(74, 'av1 1280x720', 'opus stereo'),
  // Each of its packets holds one field.
  'sony_a7m3_avchd.mts': untimed(done(13, 'av1 1920x1080', 'opus stereo', 'hdmv_pgs_subtitle')),
  'two_audio_theora.ogv': without({ 0: /Data track/ }, done(101, 'av1 426x240', 'opus mono', 'opus stereo')),
  'vobsub_and_pgs.mkv': done(74, 'av1 176x144', 'dvd_subtitle', 'hdmv_pgs_subtitle'),
  'vp9_opus_sync.webm': done(240, 'av1 640x480', 'opus stereo'),
  'vtest_surveillance.avi': untimed(done(50, 'av1 768x576')),
};
/** Videos of ../shared/media of which the first seconds will do: the rest is more of the same. */
const CUT_AFTER: Record<string, number> = {
  'big_buck_bunny_0_30.webm': 3,
  'cockatoo_444.mp4': 4,
  'drone_hevc_338p.mp4': 4,
  'goldengate_portrait.mp4': 4,
  'highway_540p60.mp4': 2,
  'screen_bbc_page.mp4': 1,
  'sintel_trailer-720p.mp4': 3,
  'vp9_opus_sync.webm': 4,
  'vtest_surveillance.avi': 5,
};
describeMedia('media', MEDIA, { cutAfter: CUT_AFTER, more: testMedia });

/** Tests of single videos. */
function testMedia(media: () => string): void {
  const at = (name: string) => path.join(media(), name);

  it('iphone_rotated_gps.mov is stored upright', () => {
    expect(mainVideo(at('iphone_rotated_gps.mkv')).side_data_list ?? []).toEqual([]);
  });

  it('gopro_karma_gpmf.mp4 and kodak_mjpeg.AVI go from full to limited range', () => {
    for (const name of ['gopro_karma_gpmf.mkv', 'kodak_mjpeg.mkv']) {
      expect(mainVideo(at(name))).toMatchObject({ color_range: 'tv', pix_fmt: 'yuv420p10le' });
    }
  });

  it('drone_hevc_338p.mp4 keeps the shape of its pixels', () => {
    expect(mainVideo(at('drone_hevc_338p.mkv')).sample_aspect_ratio).toBe('676:675');
  });

  it('phone_h263_amr.3gp keeps the shape of its pixels', () => {
    expect(mainVideo(at('phone_h263_amr.mkv')).sample_aspect_ratio).toBe('12:11');
  });
}
