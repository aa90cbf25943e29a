/**
 * Entry point of the installed program: with a command it's the command line, otherwise the desktop. One program is both,
 * because it must not act as plain Node: it runs only the code that it was shipped with.
 */
import { app } from 'electron';
import { startDesktopNode } from '../backend/desktop-node.ts';
import { claimDataDir } from '../system/desktop-options.ts';

/** Arguments that the launchers of the AppImage and the .deb add. */
const ADDED = /^--(no-sandbox|log-level=\d)$/;

/** The words after the program's name that are a command; undefined where the desktop is wanted. */
function command(): string[] | undefined {
  // From the sources, `electron .` is the desktop and out/main/headless.js the command line.
  if (!app.isPackaged) return undefined;
  const words = process.argv.slice(1).filter((word) => !ADDED.test(word));
  const [first = '-'] = words;
  const asks = ['-h', '--help', '-V', '--version'].includes(first);
  return asks || !first.startsWith('-') ? words : undefined;
}

async function runCommand(words: string[]): Promise<void> {
  app.dock?.hide();
  const { main } = await import('../../cli/main.ts');
  const code = await main([process.execPath, 'flotilla', ...words]);
  // On Windows, output to a pipe may not have been flushed yet.
  await Promise.all([process.stdout, process.stderr].map((stream) => new Promise((done) => stream.write('', done))));
  app.exit(code);
}

async function startDesktop(): Promise<void> {
  const dataDir = claimDataDir();
  if (!app.requestSingleInstanceLock()) return app.quit();
  // First of all: it takes longest.
  const node = startDesktopNode(dataDir);
  const { run } = await import('./main.ts');
  run(dataDir, node);
}

const words = command();
// Waited for: Chromium starts when this file has been loaded. A command needs neither it nor a screen, and the desktop has
// things to say before it does.
if (words) await runCommand(words);
else await startDesktop();
