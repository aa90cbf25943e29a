import path from 'node:path';
import { type BrowserWindow, dialog, ipcMain, shell, type WebFrameMain } from 'electron';
import { DESKTOP_CALLS, type DesktopCall } from '../../src-shared/desktop.ts';
import { Fault, messageOf } from '../../src-shared/errors.ts';
import { DESKTOP_CHANNEL } from './channel.ts';
import type { DesktopNode } from './desktop-node.ts';
import { loginItem, setLoginItem } from './login-item.ts';
import { NOTHING_KNOWN } from './update-state.ts';
import type { Updater } from './updater.ts';

/** What the page's calls act on. */
interface IpcParts {
  /** It may start still: a page waits for it. */
  node: Promise<DesktopNode>;
  /** What keeps the program up to date; undefined where that is left to others, or before the first look. */
  updater: () => Updater | undefined;
  /** The window, while there is one. */
  window: () => BrowserWindow | undefined;
}

type Functions = { [C in DesktopCall]: (input: never) => unknown };

/** Answers the calls of src-shared/desktop.ts, and nobody's but our own page's. */
export function answerPage(parts: IpcParts): void {
  const functions = functionsOf(parts);
  ipcMain.handle(DESKTOP_CHANNEL, async ({ senderFrame }, name: unknown, input: unknown) => {
    try {
      if (!(await isOwnPage(senderFrame, parts))) throw new Fault('denied', 'This page may not do that.');
      if (typeof name !== 'string' || !Object.hasOwn(DESKTOP_CALLS, name))
        throw new Fault('missing', `The desktop program knows no call ${String(name)}.`);
      const call = name as DesktopCall;
      const parsed = DESKTOP_CALLS[call].input.safeParse(input);
      if (!parsed.success)
        throw new Fault('usage', `The call ${call} is not right: ${parsed.error.issues[0]?.message}.`);
      return { ok: true, output: await functions[call](parsed.data as never) };
    } catch (error) {
      return { ok: false, sentence: messageOf(error) };
    }
  });
}

/** True for the top frame of our own window, while it shows a page of our own server. */
async function isOwnPage(frame: WebFrameMain | null, { node, window }: IpcParts): Promise<boolean> {
  const { url } = await node;
  return frame !== null && frame === window()?.webContents.mainFrame && new URL(frame.url).origin === url;
}

function functionsOf({ node, updater, window }: IpcParts): Functions {
  return {
    showInFolder: async (file: number) => {
      // By number, so that a page can name nothing but films of a library.
      const { call } = await node;
      const { file: film } = await call('file.get', { file });
      const library = (await call('library.list', {})).find(({ id }) => id === film.library);
      if (!library) throw new Fault('missing', `The library of ${film.path} is not there any more.`);
      shell.showItemInFolder(path.join(library.root, film.path));
    },
    chooseFolder: async () => {
      const owner = window();
      const options = { title: 'Where are your films?', properties: ['openDirectory' as const] };
      const { filePaths } = await (owner ? dialog.showOpenDialog(owner, options) : dialog.showOpenDialog(options));
      return filePaths[0] ?? null;
    },
    getLoginItem: () => loginItem(),
    setLoginItem: (on: boolean) => setLoginItem(on),
    getUpdate: () => updater()?.state() ?? { ...NOTHING_KNOWN, asks: false },
    installUpdate: () => updater()?.install(),
  };
}
