import { readFileSync } from 'node:fs';

// Below the sources, or two folders down in the built program.
const PACKAGE = new URL(import.meta.url.endsWith('.ts') ? '../package.json' : '../../package.json', import.meta.url);

/** The version of this Flotilla, from its package. */
export const VERSION = (JSON.parse(readFileSync(PACKAGE, 'utf8')) as { version: string }).version;
