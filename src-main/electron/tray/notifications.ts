import { Notification } from 'electron';
import { libraryAddress } from '../../../src-shared/text/library-url.ts';
import type { DesktopNode } from '../backend/desktop-node.ts';
import { NotificationBatcher } from './notification-batcher.ts';

/**
 * Notifies a user who is looking at something else.
 * @param open shows an address of the interface
 * @returns ends it
 */
export function notify(node: DesktopNode, open: (address: string) => void): () => void {
  if (!Notification.isSupported()) return () => undefined;
  // A notification without a reference loses its click.
  const shown = new Set<Notification>();
  const digest = new NotificationBatcher(({ kind, title, body }) => {
    const notification = new Notification({ title, body });
    shown.add(notification);
    notification.on('click', () => open(kind === 'failed' ? libraryAddress({ state: ['failed', 'blocked'] }) : '/'));
    for (const event of ['click', 'close', 'failed'] as const)
      notification.on(event as 'close', () => shown.delete(notification));
    notification.show();
  });
  const ends = [
    node.on('file', (file) => digest.note(file)),
    node.on('idle', () => digest.finished()),
    () => digest.stop(),
  ];
  return () => {
    for (const end of ends) end();
  };
}
