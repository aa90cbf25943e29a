import path from 'node:path';
import { app, BrowserWindow, dialog, session } from 'electron';
import { messageOf } from '../../src-shared/errors.ts';
import { defaultDataDir } from '../config.ts';
import { type RunningNode, startNode } from '../node.ts';

let node: RunningNode | undefined;
let window: BrowserWindow | undefined;
let exitCode = 0;

/** Pages stay where they are, open nothing and get none of a browser's permissions. */
function lockDown(): void {
  session.defaultSession.setPermissionRequestHandler((_contents, _permission, answer) => answer(false));
  session.defaultSession.setPermissionCheckHandler(() => false);
  app.on('web-contents-created', (_event, contents) => {
    contents.on('will-navigate', (event) => event.preventDefault());
    contents.on('will-attach-webview', (event) => event.preventDefault());
    contents.setWindowOpenHandler(() => ({ action: 'deny' }));
  });
}

/** The window is a browser of the node's own server. */
async function openWindow({ url, token }: RunningNode): Promise<void> {
  window = new BrowserWindow({
    width: 1280,
    height: 860,
    minWidth: 390,
    minHeight: 480,
    title: 'Flotilla',
    autoHideMenuBar: true,
    webPreferences: {
      preload: path.join(import.meta.dirname, '../preload/preload.cjs'),
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
    },
  });
  await window.loadURL(`${url}#token=${token}`);
}

async function start(): Promise<void> {
  await app.whenReady();
  lockDown();
  node = await startNode({
    // The same folder as the headless program's: one computer must not keep two records of the same films.
    dataDir: defaultDataDir(),
    flags: { webPort: 0 },
    env: process.env,
    serve: true,
  });
  await openWindow(node);
}

/** Children and leases end in good order before the program does; asking a second time does not wait for them. */
function stopNodeBeforeQuit(): void {
  app.once('will-quit', async (event) => {
    event.preventDefault();
    try {
      await node?.stop();
    } catch (error) {
      console.error(messageOf(error));
      exitCode = 1;
    }
    app.exit(exitCode);
  });
}

if (app.requestSingleInstanceLock()) {
  app.on('second-instance', () => {
    if (window?.isMinimized()) window.restore();
    window?.focus();
  });
  app.on('window-all-closed', () => app.quit());
  stopNodeBeforeQuit();
  start().catch((error: unknown) => {
    dialog.showErrorBox('Flotilla cannot start', messageOf(error));
    exitCode = 1;
    app.quit();
  });
} else {
  app.quit();
}
