#!/usr/bin/env node
/**
 * The program without a window. It looks at the version of Node before anything else is loaded: the database's native
 * module would crash an older one without a word.
 */
const OLDEST = [22, 14] as const;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
  process.stderr.write(
    `Flotilla needs Node.js ${OLDEST.join('.')} or newer, but this is ${process.versions.node}; please update Node.js.\n`,
  );
  process.exit(1);
}
// Files, names of computers and hashes share these threads, four of them unless told otherwise: dead mounts may hold some.
process.env.UV_THREADPOOL_SIZE ??= '24';
// Compiled once, not at every start.
const { enableCompileCache } = await import('node:module');
enableCompileCache();
const { main } = await import('./cli/main.ts');
const { forceExit } = await import('./fs/response-timeout.ts');
process.exitCode = await main(process.argv);
forceExit();

export {};
