import { readFileSync } from 'node:fs';

// Two folders up from the sources as from the built program.
const PACKAGE = new URL('../../package.json', import.meta.url);

/** The version of this Flotilla, from its package. */
export const VERSION = (JSON.parse(readFileSync(PACKAGE, 'utf8')) as { version: string }).version;
