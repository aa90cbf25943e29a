import { app, dialog, Menu, session } from 'electron';
import { messageOf } from '../../src-shared/errors.ts';
import type { DesktopNode, StartingNode } from './desktop-node.ts';
import { answerPage } from './ipc.ts';
import { lockDown, refusePermissions } from './lockdown.ts';
import { startsHidden } from './login-item.ts';
import { Memory } from './memory.ts';
import { Quitting } from './quit.ts';
import type { Shell } from './shell.ts';
import { keepUpdated, type Updater } from './updater.ts';
import { MainWindow } from './window.ts';

/** For so long, in ms, the program ends in good order, however often it is asked to end. */
const PATIENCE_MS = 10_000;

let running: DesktopNode | undefined;
let starting: StartingNode | undefined;
let shell: Shell | undefined;
/** Whether a window is wanted; undefined before that is known. */
let wanted: boolean | undefined;
let updater: Updater | undefined;
let exitCode = 0;

const memory = new Memory(app.getPath('userData'));
const quitting = new Quitting({
  node: () => running,
  window: () => main.window,
  whyStill: () => shell?.whyStill,
  changed: () => shell?.look(),
  stayed: () => updater?.stay(),
  sessionEnds: () => updater?.hold(),
});
const main = new MainWindow({
  memory,
  closed: (window) => (shell ? shell.closed(window) : wantWindow(false)),
  ending: () => quitting.ending,
});

async function start(dataDir: string, { node: starts, early }: StartingNode): Promise<void> {
  // Whoever waits for it is told.
  starts.catch(() => undefined);
  await app.whenReady();
  refusePermissions(session.defaultSession, () => running);
  answerPage({ node: starts, updater: () => updater, window: () => main.window });
  wanted ??= !startsHidden();
  if (wanted) {
    main.prepare();
    early.then((page) => main.showEarly(page));
  }
  const [node, { Shell }] = await Promise.all([starts, import('./shell.ts')]);
  running = node;
  if (quitting.ending) return;
  shell = new Shell({ node, dataDir, main, memory, quitting });
  await shell.begin(!wanted);
  if (quitting.ending) return;
  updater = await keepUpdated(node, { quit: () => app.quit(), log: (text) => console.error(text) });
}

/** What its user wants before there is a node: {@link start} goes by it. */
function wantWindow(wish: boolean): void {
  wanted = wish;
  if (wish) main.window?.show();
  else main.hide();
}

/** The node has gone, and nothing can be done without. */
function crashed(error: Error): void {
  console.error(messageOf(error));
  if (quitting.ending) return;
  dialog.showErrorBox('Flotilla has come to an end', messageOf(error));
  exitCode = 1;
  quitting.now();
}

/** Children and leases end in good order before the program does; who asks again much later does not wait for them. */
function stopNodeBeforeQuit(): void {
  let began: number | undefined;
  let stopped = false;
  app.on('will-quit', (event) => {
    if (stopped || (began !== undefined && performance.now() - began > PATIENCE_MS)) return;
    event.preventDefault();
    // The end of a session asks twice, and so does a finger that stays on the keys.
    if (began !== undefined) return;
    began = performance.now();
    stopAll().then(() => {
      stopped = true;
      // The newer version, if its user asked for it, takes over and ends this one.
      if (exitCode !== 0 || !updater?.finish()) app.exit(exitCode);
    });
  });
}

async function stopAll(): Promise<void> {
  try {
    shell?.end();
    updater?.stop();
    // One that is only starting is stopped when it has: half of it cannot be.
    await (await starting?.node.catch(() => undefined))?.stop();
  } catch (error) {
    console.error(messageOf(error));
    exitCode = 1;
  }
}

/** Runs the desktop over a node that starts. */
export function run(dataDir: string, node: StartingNode): void {
  starting = node;
  node.crashed.then(crashed);
  app.setAppUserModelId('app.flotilla');
  // Electron would build its default menu otherwise, only to have it replaced.
  Menu.setApplicationMenu(null);
  lockDown(() => running);
  // Whoever ends the session waits for no answer.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => quitting.sessionEnds());
  app.on('second-instance', () => (shell ? shell.open() : wantWindow(true)));
  app.on('activate', () => shell?.open());
  // Closing the window and ending the program are two things: see Shell.closed.
  app.on('window-all-closed', () => undefined);
  stopNodeBeforeQuit();
  start(dataDir, node).catch((error: unknown) => {
    if (quitting.ending) return console.error(messageOf(error));
    dialog.showErrorBox('Flotilla cannot start', messageOf(error));
    exitCode = 1;
    quitting.now();
  });
}
