import { describe, expect, it } from 'vitest';
import { isLanguageTag, languageCarrier, parseLanguageCarrier } from './language-carrier.ts';

const LONGEST = `${'abcdefgh-'.repeat(11)}abcdefgh`;

describe('isLanguageTag', () => {
  it.each(['pt-BR', 'en', 'zh-Hant-TW', 'de-DE-u-co-phonebk', 'i-klingon', LONGEST])('takes %s', (tag) => {
    expect(isLanguageTag(tag)).toBe(true);
  });

  it.each(['', 'pt_BR', 'pt-', '-BR', 'pt--BR', 'pt BR', 'português', 'ninechars', 'pt-BR\n', `${LONGEST}-x`])(
    'refuses %j',
    (text) => {
      expect(isLanguageTag(text)).toBe(false);
    },
  );
});

describe('languageCarrier', () => {
  it.each([
    ['por', 'pt-BR', 'por____pt-BR'],
    ['und', 'en', 'und____en'],
    // Some programs write a BCP 47 tag into the older element.
    ['zh-Hant-TW', 'zh-Hant-TW', 'zh-Hant-TW____zh-Hant-TW'],
  ])('carries %s and %s', (iso, bcp47, carrier) => {
    expect(languageCarrier(iso, bcp47)).toBe(carrier);
    expect(parseLanguageCarrier(carrier)).toEqual({ iso, bcp47 });
  });

  it('stays within what one byte of size can say', () => {
    const carrier = languageCarrier('a'.repeat(12), LONGEST);
    expect(parseLanguageCarrier(carrier)).toEqual({ iso: 'a'.repeat(12), bcp47: LONGEST });
    expect(carrier.length).toBeLessThan(127);
  });

  it.each([
    ['por', ''],
    ['por', `${LONGEST}-x`],
    ['por', 'pt____BR'],
    ['', 'pt-BR'],
    ['por____x', 'pt-BR'],
    ['a'.repeat(13), 'pt-BR'],
  ])('leaves %j alone when it cannot carry %j', (iso, bcp47) => {
    expect(languageCarrier(iso, bcp47)).toBe(iso);
  });
});

describe('parseLanguageCarrier', () => {
  it.each(['', 'por', 'pt-BR', '____', 'por____', '____pt-BR', 'por___pt-BR', 'por_____pt-BR', 'por____pt-BR____en'])(
    'sees none in %j',
    (text) => {
      expect(parseLanguageCarrier(text)).toBeUndefined();
    },
  );
});
