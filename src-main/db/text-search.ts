/** Words of a search beyond this are left out. */
const MAX_WORDS = 10;

/**
 * A word as it may be written in a path: SQLite's LIKE knows capitals in ASCII only, and macOS takes letters and their
 * accents apart.
 */
function spellings(word: string): string[] {
  const capital = word.charAt(0).toUpperCase() + word.slice(1).toLowerCase();
  const cases = [word, word.toLowerCase(), word.toUpperCase(), capital];
  return [...new Set(cases.flatMap((text) => [text.normalize('NFC'), text.normalize('NFD')]))];
}

const likePattern = (text: string) => `%${text.replace(/[\\%_]/g, '\\$&')}%`;

/** SQL that is true where all words of a search are in a column, with its parameters; empty for a search without words. */
export function searchCondition(column: string, search = ''): { sql: string; values: Record<string, string> } {
  const values: Record<string, string> = {};
  const words = search.split(/\s+/).filter(Boolean).slice(0, MAX_WORDS);
  const hits = words.map((word, w) => {
    const ways = spellings(word).map((spelling, i) => {
      values[`word${w}_${i}`] = likePattern(spelling);
      return `${column} LIKE @word${w}_${i} ESCAPE '\\'`;
    });
    return `(${ways.join(' OR ')})`;
  });
  return { sql: hits.join(' AND '), values };
}
