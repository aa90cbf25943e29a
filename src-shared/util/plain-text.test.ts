import { expect, it } from 'vitest';
import { plainJson, plainLines, plainText } from './plain-text.ts';

const NASTY = 'a\u001b[2Jb\u0007c\u009bd\ne\r\u2028f\u202eg\u200bh\ud800i';

it('takes out of a text what a terminal might obey, and nothing else', () => {
  expect(plainText(NASTY)).toBe('a�[2Jb�c�d�e��f�g�h�i');
  for (const fine of ['Amélie – 千と千尋.mkv', 'می\u200cخواهم', '👨\u200d👩\u200d👧 family.mp4', '<b>&"\'\\', ''])
    expect(plainText(fine)).toBe(fine);
});

it('writes JSON that shows nothing raw and loses nothing', () => {
  const json = plainJson({ name: NASTY, deep: ['\u007f', '\u{e0001}'] });
  expect(plainText(json)).toBe(json);
  expect(JSON.parse(json)).toEqual({ name: NASTY, deep: ['\u007f', '\u{e0001}'] });
  expect(plainLines('a\u009b\nb\r')).toBe('a�\nb�');
});
