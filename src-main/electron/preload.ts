import { contextBridge, ipcRenderer } from 'electron';
import { version } from '../../package.json';
// Types alone: what they are checked by runs in the main process and would only make this script larger.
import type { Desktop, DesktopCall } from '../../src-shared/desktop.ts';
import { DESKTOP_CHANNEL } from './channel.ts';

type Answer = { ok: true; output: unknown } | { ok: false; sentence: string };

const call =
  (name: DesktopCall) =>
  async (input?: unknown): Promise<never> => {
    const answer: Answer = await ipcRenderer.invoke(DESKTOP_CHANNEL, name, input);
    if (!answer.ok) throw new Error(answer.sentence);
    return answer.output as never;
  };

/** What the desktop adds to the page that any browser shows. */
const desktop: Desktop = {
  version,
  platform: process.platform,
  showInFolder: call('showInFolder'),
  chooseFolder: call('chooseFolder'),
  getLoginItem: call('getLoginItem'),
  setLoginItem: call('setLoginItem'),
  getUpdate: call('getUpdate'),
  installUpdate: call('installUpdate'),
};

contextBridge.exposeInMainWorld('desktop', desktop);
