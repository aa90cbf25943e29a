/** A conversion that takes its Flotilla down each time, as for want of memory, is not begun for ever. */
import path from 'node:path';
import { expect, test } from 'vitest';
import { convert, outcomes, start, TINY } from './support/cli.ts';
import { makeClip } from './support/clips.ts';
import { query } from './support/database.ts';
import { makeGate } from './support/ffmpeg.ts';
import { filesIn } from './support/files.ts';
import { makeHome } from './support/temp.ts';

test("a video is blocked with the reason after three crashes; a regular shutdown doesn't count", async () => {
  const { data, media } = makeHome();
  makeClip(path.join(media, 'video.mp4'));
  const attempts = () =>
    query<{ outcome: string; vain: number | null }>(data, 'SELECT outcome, vain FROM attempts ORDER BY id');
  for (const signal of ['SIGTERM', 'SIGKILL', 'SIGKILL', 'SIGKILL'] as const) {
    const gate = makeGate();
    const conversion = start(['convert', media, '--data', data, '--json', ...TINY], { env: gate.env });
    await gate.reached();
    conversion.kill(signal);
    await conversion.end();
    gate.open();
  }
  const ended = await convert(data, [media]);
  expect([ended.code, outcomes(ended)]).toEqual([1, ['video.mp4: blocked (wasted)']]);
  const crash = { outcome: 'interrupted', vain: 2 };
  expect(attempts()).toEqual([{ outcome: 'released', vain: null }, crash, crash, crash]);
  expect(filesIn(media)).toEqual(['video.mp4']);
  expect(outcomes(await convert(data, [media], ['--retry']))).toEqual(['video.mkv: done']);
});
