// npm run quickstart [-- DIR]: installs what is missing, then serves DIR or a small demo library.
import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DEMO_DATA, DEMO_LIBRARY, makeDemo } from './demo.mjs';
import { ensureReady, fail, HEADLESS, NODE, say } from './setup.mjs';

/** The folder that the user named, seen from where npm was called; undefined for the demo. */
function chosenFolder() {
  const [name, ...rest] = process.argv.slice(2);
  if (name === undefined) return undefined;
  const folder = path.resolve(process.env.INIT_CWD ?? '.', name);
  if (rest.length > 0 || name.startsWith('-')) fail('quickstart takes one folder: npm run quickstart -- DIR');
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) fail(`there is no folder ${folder}.`);
  if (folder.includes(','))
    fail(`${folder} has a comma in its name, which MEDIA_DIRS takes as a separator. Rename it first.`);
  return folder;
}

/** Serves a folder until the server ends, and ends as it did. */
function serve(folder, args) {
  const env = { ...process.env, MEDIA_DIRS: folder, TESTING_MODE: 'true' };
  const server = spawn(NODE, [HEADLESS, 'serve', ...args], { stdio: 'inherit', env });
  // A terminal has sent its Ctrl+C to the server already; a second one would cut its good ending short.
  process.on('SIGINT', () => process.stdin.isTTY || server.kill('SIGINT'));
  process.on('SIGTERM', () => server.kill('SIGTERM'));
  server.on('exit', (code, signal) => process.exit(code ?? 128 + os.constants.signals[signal]));
}

const folder = chosenFolder();
ensureReady({ tools: ['ffmpeg'] });
if (folder) {
  say(`converting the videos in ${folder}. Every original is kept in the vault until you purge it.`);
  serve(folder, []);
} else {
  makeDemo();
  say(`converting the demo library ${DEMO_LIBRARY}. For your own videos: npm run quickstart -- DIR`);
  serve(DEMO_LIBRARY, ['--data', DEMO_DATA, '--settle', '0']);
}
