/** What stands in the place of a secret. */
const HIDDEN = '[secret]';

/** A JSON string, or a list of them, with its quotes. */
const VALUE = String.raw`(?:"(?:[^"\\]|\\.)*"|\[[^\]]*\])`;

/** A secret in running text, quoted or up to what ends it; in JSON a quote inside a string comes with a backslash. */
const REST = String.raw`(?:\\"[^"\\]*\\"|'[^'"]*'|[^\s"'\\&;,#]+)`;

const RULES: [RegExp, string][] = [
  // Members by their names, at any depth: token, joinToken, password, old_password, set-cookie, authorization, JOIN_TOKEN …
  [
    new RegExp(
      `("(?:[\\w-]*(?:token|passw(?:or)?d|secret|cookie|authorization|credential)s?|key|old)":)${VALUE}`,
      'gi',
    ),
    `$1"${HIDDEN}"`,
  ],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]{6,}/gi, `$1 ${HIDDEN}`],
  // Fragments of setup and desktop addresses, and parameters of any address.
  [new RegExp(`([#?&](?:setup|token|join|invite|secret|password|key)=)${REST}`, 'gi'), `$1${HIDDEN}`],
  // user:password@host
  [/(:\/\/[^\s/:@"\\]*:)[^\s/@"\\]+@/g, `$1${HIDDEN}@`],
  // Flags and variables: --token …, JOIN_TOKEN=…, SMB_PASSWORD=…, password: …
  [new RegExp(`(--(?:token|password|secret)[ =])${REST}`, 'gi'), `$1${HIDDEN}`],
  [new RegExp(`\\b(\\w*(?:token|passw(?:or)?d|secret)\\s?[=:]\\s?)(?!\\[secret])${REST}`, 'gi'), `$1${HIDDEN}`],
  // The cookie of a session, which is named after the install.
  [/\b(flotilla-[0-9a-f]{8}=)[\w-]+/g, `$1${HIDDEN}`],
  // 256 random bits (tokens, cookies, invitations) or a join token, wherever they stand; a file or folder of such a name has
  // an extension or something below it, and a fingerprint is lower-case hexadecimal.
  [/(?<![\w-])(?![0-9a-f]{64}(?![\w-]))(?:[\w-]{64}|[\w-]{43})(?![\w-]|\.\w|\/)/g, HIDDEN],
];

/**
 * Takes everything that would let somebody in out of a line of the log, before it is written anywhere.
 * @param line one JSON object, as pino made it
 */
export function redact(line: string): string {
  return RULES.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), line);
}
