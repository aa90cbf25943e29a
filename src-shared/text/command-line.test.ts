import { describe, expect, it } from 'vitest';
import { commandLine } from './command-line.ts';

describe('a command', () => {
  it('is quoted where a POSIX shell would split or change it, and else as it is', () => {
    const command = [
      '/usr/bin/ffmpeg',
      '-i',
      "file:/videos/It's (1926) $5.mkv",
      '-map',
      '0:v',
      '-filter',
      'a[b];c',
      '',
    ];
    expect(commandLine(command)).toBe(
      `/usr/bin/ffmpeg -i 'file:/videos/It'\\''s (1926) $5.mkv' -map 0:v -filter 'a[b];c' ''`,
    );
  });

  it('is quoted for Windows, where backslashes are parts of paths', () => {
    const command = ['C:\\ffmpeg\\ffmpeg.exe', '-i', 'file:D:\\My videos\\a.mkv', 'say "hi"', 'D:\\My videos\\'];
    expect(commandLine(command, true)).toBe(
      String.raw`C:\ffmpeg\ffmpeg.exe -i "file:D:\My videos\a.mkv" "say \"hi\"" "D:\My videos\\"`,
    );
  });
});
