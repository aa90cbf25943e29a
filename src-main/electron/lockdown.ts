import { app, type Session, shell, type WebContents } from 'electron';
import type { RunningNode } from '../node.ts';

/** The one permission that pages use: to put what their user copies into the clipboard. */
const ALLOWED = new Set(['clipboard-sanitized-write']);

/** Pages get none of a browser's permissions but {@link ALLOWED}, and that only our own. */
export function refusePermissions(session: Session, own: () => string | undefined): void {
  const isOwn = (address: string) => own() !== undefined && URL.canParse(address) && new URL(address).origin === own();
  session.setPermissionRequestHandler((_contents, permission, answer, { requestingUrl }) =>
    answer(ALLOWED.has(permission) && isOwn(requestingUrl)),
  );
  session.setPermissionCheckHandler((_contents, permission, origin) => ALLOWED.has(permission) && isOwn(origin));
  session.setDevicePermissionHandler(() => false);
}

/** Pages stay where they are and open nothing; the interface of the master that this computer works for opens in a browser. */
export function lockDown(node: () => RunningNode | undefined): void {
  app.on('web-contents-created', (_event, contents: WebContents) => {
    contents.on('will-navigate', (event) => event.preventDefault());
    contents.on('will-frame-navigate', (event) => event.preventDefault());
    contents.on('will-redirect', (event) => event.preventDefault());
    contents.on('will-attach-webview', (event) => event.preventDefault());
    contents.setWindowOpenHandler(({ url }) => {
      openMaster(url, node()).catch(() => undefined);
      return { action: 'deny' };
    });
  });
}

async function openMaster(address: string, node: RunningNode | undefined): Promise<void> {
  const master = await node?.call('master.get', {});
  if (!master?.origin || !URL.canParse(address) || !URL.canParse(master.origin)) return;
  const wanted = new URL(address);
  if (wanted.hostname !== new URL(master.origin).hostname) return;
  if (wanted.protocol === 'http:' || wanted.protocol === 'https:') await shell.openExternal(wanted.href);
}
