import { Notification } from 'electron';
import { libraryAddress } from '../../src-shared/library-address.ts';
import type { DesktopNode } from './desktop-node.ts';
import { Digest } from './digest.ts';

/**
 * Tells what a user would want to know who looks at something else.
 * @param open shows an address of the interface
 * @returns ends it
 */
export function notify(node: DesktopNode, open: (address: string) => void): () => void {
  if (!Notification.isSupported()) return () => undefined;
  // One that nobody holds loses its click.
  const shown = new Set<Notification>();
  const digest = new Digest(({ kind, title, body }) => {
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
