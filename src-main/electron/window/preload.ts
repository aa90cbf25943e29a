import { contextBridge, ipcRenderer, webUtils } from 'electron';
import { version } from '../../../package.json';
// Types only: validation happens in the main process and would only make this script larger.
import type { Desktop, DesktopCall } from '../../../src-shared/contract/desktop-bridge.ts';
import { DESKTOP_CHANNEL } from './ipc-channels.ts';

type Answer = { ok: true; output: unknown } | { ok: false; sentence: string };

const call =
  (name: DesktopCall) =>
  async (input?: unknown): Promise<never> => {
    const answer: Answer = await ipcRenderer.invoke(DESKTOP_CHANNEL, name, input);
    if (!answer.ok) throw new Error(answer.sentence);
    return answer.output as never;
  };

/** Additions of the desktop to the page that any browser shows. */
const desktop: Desktop = {
  version,
  platform: process.platform,
  pathOf: (dropped) => webUtils.getPathForFile(dropped as Parameters<typeof webUtils.getPathForFile>[0]),
  showInFolder: call('showInFolder'),
  chooseFolder: call('chooseFolder'),
  getLoginItem: call('getLoginItem'),
  setLoginItem: call('setLoginItem'),
  getUpdate: call('getUpdate'),
  installUpdate: call('installUpdate'),
};

contextBridge.exposeInMainWorld('desktop', desktop);
