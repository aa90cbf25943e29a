import path from 'node:path';
import { type BrowserWindow, dialog, ipcMain, shell, type WebFrameMain } from 'electron';
import { DESKTOP_CALLS, type DesktopCall } from '../../../src-shared/contract/desktop-bridge.ts';
import { Fault, messageOf } from '../../../src-shared/util/errors.ts';
import type { DesktopNode } from '../backend/desktop-node.ts';
import { loginItem, setLoginItem } from '../system/login-item.ts';
import { NOTHING_KNOWN } from '../updates/update-state.ts';
import type { Updater } from '../updates/updater.ts';
import { DESKTOP_CHANNEL } from './ipc-channels.ts';

/** Dependencies of the page's calls. */
interface IpcParts {
  /** It may start still: a page waits for it. */
  node: Promise<DesktopNode>;
  /** The updater; undefined where updates come from elsewhere, or before the first check. */
  updater: () => Updater | undefined;
  /** The window, while there is one. */
  window: () => BrowserWindow | undefined;
}

type Functions = { [C in DesktopCall]: (input: never) => unknown };

/** Answers the calls of src-shared/contract/desktop-bridge.ts, from our own page only. */
export function answerPage(parts: IpcParts): void {
  const functions = functionsOf(parts);
  ipcMain.handle(DESKTOP_CHANNEL, async ({ senderFrame }, name: unknown, input: unknown) => {
    try {
      if (!(await isOwnPage(senderFrame, parts))) throw new Fault('denied', "This page isn't allowed to do that.");
      if (typeof name !== 'string' || !Object.hasOwn(DESKTOP_CALLS, name))
        throw new Fault('missing', `Unknown call ${String(name)}.`);
      const call = name as DesktopCall;
      const parsed = DESKTOP_CALLS[call].input.safeParse(input);
      if (!parsed.success) throw new Fault('usage', `Invalid request for ${call}: ${parsed.error.issues[0]?.message}.`);
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
      // By number, so that a page can name nothing but videos of a library.
      const { call } = await node;
      const { file: video } = await call('file.get', { file });
      const library = (await call('library.list', {})).find(({ id }) => id === video.library);
      if (!library) throw new Fault('missing', `The library of ${video.path} no longer exists.`);
      shell.showItemInFolder(path.join(library.root, video.path));
    },
    chooseFolder: async () => {
      const owner = window();
      const options = { title: 'Where are your videos?', properties: ['openDirectory' as const] };
      const { filePaths } = await (owner ? dialog.showOpenDialog(owner, options) : dialog.showOpenDialog(options));
      return filePaths[0] ?? null;
    },
    getLoginItem: () => loginItem(),
    setLoginItem: (on: boolean) => setLoginItem(on),
    getUpdate: () => updater()?.state() ?? { ...NOTHING_KNOWN, asks: false },
    installUpdate: () => updater()?.install(),
  };
}
