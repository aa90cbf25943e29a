import { z } from 'zod';

/** Demuxers of video containers; anything else (a playlist, a still picture, a text) is no video, regardless of its name. */
const DEMUXERS = [
  ...[
    'matroska',
    'mov',
    'avi',
    'mpegts',
    'mpegtsraw',
    'mpeg',
    'mpegvideo',
    'asf',
    'flv',
    'live_flv',
    'ogg',
    'rm',
    'mxf',
  ],
  ...['mxf_opatom', 'wtv', 'dv', 'nut', 'ivf', 'h264', 'hevc', 'm4v', 'obu', 'gxf', 'pva', 'nuv', 'viv', 'bink', 'smk'],
] as const;

/** A demuxer that opens one file and no other: a playlist's would read anything that the playlist names, a script's would run it. */
export const Demuxer = z.enum(DEMUXERS);
export type Demuxer = z.infer<typeof Demuxer>;

/** Finds the demuxer in ffmpeg's list of names for one, `matroska,webm`; undefined for anything but video. */
export function demuxerIn(format: string): Demuxer | undefined {
  return Demuxer.safeParse(format.split(',')[0]).data;
}
