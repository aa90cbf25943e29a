/** At most 12 subtags: three times what RFC 5646 (section 4.4.1) expects, and short enough for {@link languageCarrier}. */
const TAG = '[A-Za-z0-9]{1,8}(?:-[A-Za-z0-9]{1,8}){0,11}';
const CODE = '[A-Za-z0-9-]{1,12}';

/** Exactly as long as the head of the Matroska element (3 bytes of ID, 1 of size) that takes its place. */
const FILLER = '____';

const LANGUAGE_TAG = new RegExp(`^${TAG}$`);
const CARRIER = new RegExp(`^(${CODE})${FILLER}(${TAG})$`);

/** True for a well-formed BCP 47 language tag (`pt-BR`), whether or not its subtags are registered. */
export function isLanguageTag(text: string): boolean {
  return LANGUAGE_TAG.test(text);
}

/**
 * The value for ffmpeg's `language` metadata that carries a language in both its forms into a Matroska file, where
 * `writeLanguages` parts them; ffmpeg itself only writes the older form. At most 123 bytes, so that their size takes one.
 * @param iso ISO 639-2 code (`por`), `und` where none is known; returned as it is when the two cannot be carried
 * @param bcp47 BCP 47 tag (`pt-BR`)
 */
export function languageCarrier(iso: string, bcp47: string): string {
  const carrier = `${iso}${FILLER}${bcp47}`;
  return CARRIER.test(carrier) ? carrier : iso;
}

/** The two languages of a {@link languageCarrier}; undefined for any other text. */
export function parseLanguageCarrier(text: string): { iso: string; bcp47: string } | undefined {
  const [, iso, bcp47] = CARRIER.exec(text) ?? [];
  return iso !== undefined && bcp47 !== undefined ? { iso, bcp47 } : undefined;
}
