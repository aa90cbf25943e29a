import { app, type Session, shell, type WebContents } from 'electron';
import type { DesktopNode } from '../backend/desktop-node.ts';

/** The one permission that pages use: to put what their user copies into the clipboard. */
const ALLOWED = new Set(['clipboard-sanitized-write']);

type Running = () => DesktopNode | undefined;

/** True for an address of our own server. */
const isOwnBy = (node: Running) => (address: string) =>
  URL.canParse(address) && new URL(address).origin === (node()?.url ?? undefined);

/** Pages get none of a browser's permissions but {@link ALLOWED}, and that only our own. */
export function refusePermissions(session: Session, node: Running): void {
  const isOwn = isOwnBy(node);
  session.setPermissionRequestHandler((_contents, permission, answer, { requestingUrl }) =>
    answer(ALLOWED.has(permission) && isOwn(requestingUrl)),
  );
  session.setPermissionCheckHandler((_contents, permission, origin) => ALLOWED.has(permission) && isOwn(origin));
  session.setDevicePermissionHandler(() => false);
}

/** Pages stay at our own server and open nothing; the interface of the master that this computer works for opens in a browser. */
export function lockDown(node: Running): void {
  const isOwn = isOwnBy(node);
  app.on('web-contents-created', (_event, contents: WebContents) => {
    // To load itself again is a page's way out of its own faults.
    const stay = (event: { url: string; preventDefault: () => void }) => isOwn(event.url) || event.preventDefault();
    contents.on('will-navigate', stay);
    contents.on('will-frame-navigate', stay);
    contents.on('will-redirect', stay);
    contents.on('will-attach-webview', (event) => event.preventDefault());
    contents.setWindowOpenHandler(({ url }) => {
      openMaster(url, node()).catch(() => undefined);
      return { action: 'deny' };
    });
  });
}

async function openMaster(address: string, node: DesktopNode | undefined): Promise<void> {
  const master = await node?.call('master.get', {});
  if (!master?.origin || !URL.canParse(address) || !URL.canParse(master.origin)) return;
  const wanted = new URL(address);
  if (wanted.hostname !== new URL(master.origin).hostname) return;
  if (wanted.protocol === 'http:' || wanted.protocol === 'https:') await shell.openExternal(wanted.href);
}
