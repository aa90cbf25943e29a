import { app, dialog, Menu, session } from 'electron';
import { messageOf } from '../../../src-shared/util/errors.ts';
import type { DesktopNode, StartingNode } from '../backend/desktop-node.ts';
import { startsHidden } from '../system/login-item.ts';
import { keepUpdated, type Updater } from '../updates/updater.ts';
import { answerPage } from '../window/ipc.ts';
import { lockDown, refusePermissions } from '../window/web-security.ts';
import { MainWindow } from '../window/window.ts';
import { WindowStateStore } from '../window/window-state-store.ts';
import type { DesktopShell } from './desktop-shell.ts';
import { QuitController } from './quit-controller.ts';

/** For this long, in ms, the program ends in good order, however often it is asked to end. */
const PATIENCE_MS = 10_000;

let running: DesktopNode | undefined;
let starting: StartingNode | undefined;
let shell: DesktopShell | undefined;
/** Whether a window is wanted; undefined before that is known. */
let wanted: boolean | undefined;
let updater: Updater | undefined;
let exitCode = 0;

const memory = new WindowStateStore(app.getPath('userData'));
const quitting = new QuitController({
  node: () => running,
  window: () => main.window,
  idleReason: () => shell?.idleReason,
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
  // Other instances that wait for it are notified.
  starts.catch(() => undefined);
  await app.whenReady();
  refusePermissions(session.defaultSession, () => running);
  answerPage({ node: starts, updater: () => updater, window: () => main.window });
  wanted ??= !startsHidden();
  if (wanted) {
    main.prepare();
    early.then((page) => main.showEarly(page));
  }
  const [node, { DesktopShell }] = await Promise.all([starts, import('./desktop-shell.ts')]);
  running = node;
  if (quitting.ending) return;
  shell = new DesktopShell({ node, dataDir, main, memory, quitting });
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
  dialog.showErrorBox('Flotilla stopped unexpectedly', messageOf(error));
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
    stopAll().then((hasEnded) => {
      stopped = true;
      if (!hasEnded) return forceQuit();
      // The newer version, if its user asked for it, takes over and ends this one.
      if (exitCode !== 0 || !updater?.finish()) app.exit(exitCode);
    });
  });
}

/** @returns false where the node's thread cannot end */
async function stopAll(): Promise<boolean> {
  try {
    shell?.end();
    updater?.stop();
    // One that is only starting is stopped when it has: half of it cannot be.
    return (await (await starting?.node.catch(() => undefined))?.stop()) ?? true;
  } catch (error) {
    console.error(messageOf(error));
    exitCode = 1;
    return true;
  }
}

/** Electron would wait for calls that no disk answers. */
function forceQuit(): void {
  session.defaultSession.flushStorageData();
  process.kill(process.pid, 'SIGKILL');
}

/** Runs the desktop over a node that starts. */
export function run(dataDir: string, node: StartingNode): void {
  starting = node;
  node.crashed.then(crashed);
  app.setAppUserModelId('app.flotilla');
  // Electron would build its default menu otherwise, only to have it replaced.
  Menu.setApplicationMenu(null);
  lockDown(() => running);
  // The end of the session doesn't wait for an answer.
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
