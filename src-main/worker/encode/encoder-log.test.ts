import { describe, expect, it } from 'vitest';
import { EncoderLog } from './encoder-log.ts';

function read(...lines: string[]): EncoderLog {
  const log = new EncoderLog();
  for (const line of lines) log.add(line);
  return log;
}

const FILES = { input: '/videos/a.mkv', folder: '/temp/1-1' };

describe('EncoderLog', () => {
  it('counts what decoding the source gave, with the first of it', () => {
    const log = read(
      '[h264 @ 0x5581] [error] Invalid NAL unit size (-1 > 551).',
      '[h264 @ 0x5581] [error] Error splitting the input into NAL units.',
      '[matroska,webm @ 0x5a] [error] File ended prematurely at pos. 104766 (0x1993e)',
    );
    expect(log.damage).toEqual({ count: 3, first: 'Invalid NAL unit size (-1 > 551).' });
    expect(log.lastError).toBe('File ended prematurely at pos. 104766 (0x1993e)');
    log.requireStorage(FILES);
  });

  it('does not blame the source for warnings, or for what encoders and the muxer say', () => {
    const log = read(
      '[h264 @ 0x5581] [warning] Increasing reorder buffer to 1',
      '[libsvtav1 @ 0x55] [error] Failed to init encoder',
      '[libopus @ 0x55] [error] Invalid channel layout 5.1(side)',
      'Svt[error]: deinit called without sending EOS!',
      '[matroska @ 0x55] [error] Could not write header',
      '[null @ 0x55] [error] non monotonically increasing dts',
      'frame=  24 fps=0.0 q=30.0 size=       1kB',
    );
    expect(log.damage).toBeUndefined();
    expect(log.lastError).toBe('non monotonically increasing dts');
  });

  it('knows a full disk, which is no damage', () => {
    for (const text of ['No space left on device', 'Disk quota exceeded']) {
      const log = read(`[error] av_interleaved_write_frame(): ${text}`);
      expect(() => log.requireStorage(FILES)).toThrow(
        /^The disk of the temporary folder \/temp is full; .*TEMP_DIR\.$/,
      );
      expect(log.damage).toBeUndefined();
    }
  });

  it('knows storage that went away from a video that is damaged', () => {
    const log = read('[error] file:/videos/a.mkv: Stale file handle');
    expect(() => log.requireStorage(FILES)).toThrow(/^The storage of \/videos\/a\.mkv or of .* \(Stale file handle\)/);
    const either = read('[error] file:/videos/a.avi: Input/output error');
    either.requireStorage(FILES);
    expect(either.damage?.count).toBe(1);
  });

  it('reads how many frames of each stream were decoded', () => {
    const log = read(
      '[info]   Input stream #0:0 (video): 75 packets read (40287 bytes); 72 frames decoded; ',
      '[info]   Input stream #0:1 (audio): 94 packets read (48128 bytes); 94 frames decoded (144384 samples); ',
      '[info]   Input stream #0:12 (video): 3 packets read (99 bytes); 2 frames decoded; ',
    );
    expect([0, 1, 12].map((index) => log.decodedFrames(index))).toEqual([72, undefined, 2]);
  });

  it('reads what changes in mid-video, as each ffmpeg says it', () => {
    const old = (size: string) =>
      `[graph 0 input from stream 0:0 @ 0x55e7] [verbose] ${size} tb:1/90000 fr:25/1 sar:1/1`;
    const recent = (size: string, csp: string, range = 'tv') =>
      `[graph -1 input from stream 0:2 @ 0x7f] [verbose] ${size} tb:1/90000 fr:25/1 sar:1/1 csp:${csp} range:${range} alpha:unspecified`;
    const [small, large] = ['w:160 h:90 pixfmt:yuv420p', 'w:320 h:90 pixfmt:yuv420p'];
    const change = (...lines: string[]) => read(...lines).change;
    expect(change(old(small), old(small), recent(large, 'bt709'))).toBeUndefined();
    expect(change(old(small), old(large))).toBe('the picture size from 160x90 to 320x90');
    expect(change(old(small), old(`${small}10le`))).toBe('the pixel format from yuv420p to yuv420p10le');
    expect(change(recent(small, 'unknown'), recent(small, 'bt709'))).toBeUndefined();
    expect(change(recent(small, 'bt709'), recent(small, 'bt2020nc'))).toBe('the color matrix from bt709 to bt2020nc');
    expect(change(recent(small, 'bt709'), recent(small, 'bt709', 'pc'))).toBe('the color range from tv to pc');
  });

  it('keeps the command and the last 200 lines that matter', () => {
    const log = read(...Array.from({ length: 250 }, (_, i) => `[aac @ 0x1] [error] line ${i}`), '[info] chatter');
    const [command, first, ...rest] = log.text(['ffmpeg -i file:a b']).split('\n');
    expect(command).toBe('ffmpeg -i file:a b');
    expect(first).toBe('[aac @ 0x1] [error] line 50');
    expect(rest.at(-1)).toBe('[aac @ 0x1] [error] line 249');
    expect(log.damage?.count).toBe(250);
  });
});
