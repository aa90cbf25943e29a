import { app, Menu, type MenuItemConstructorOptions, shell } from 'electron';
import type { DesktopNode } from '../backend/desktop-node.ts';

/** Actions of the menus. */
interface MenuParts {
  node: DesktopNode;
  dataDir: string;
  /** Shows an address of the interface. */
  open: (address: string) => void;
  reload: () => void;
}

const PAGES = { Dashboard: '/', Library: '/library', Queue: '/queue', Workers: '/workers', Insights: '/insights' };

/** The menus of the application, where each system expects them. */
export function setMenu({ node, dataDir, open, reload }: MenuParts): void {
  const mac = process.platform === 'darwin';
  const page = (label: string, address: string, accelerator?: string): MenuItemConstructorOptions => ({
    label,
    click: () => open(address),
    ...(accelerator && { accelerator }),
  });
  const settings = page('Settings…', '/settings', 'CmdOrCtrl+,');
  const about = page('About Flotilla', '/settings/about');
  const line = { type: 'separator' as const };
  const application: MenuItemConstructorOptions[] = [
    ...[about, line, settings, line],
    ...[{ role: 'services' as const }, line, { role: 'hide' as const }, { role: 'hideOthers' as const }],
    ...[{ role: 'unhide' as const }, line, { role: 'quit' as const }],
  ];
  const file: MenuItemConstructorOptions[] = [
    page('Add a folder…', '/welcome'),
    line,
    ...(mac ? [] : [settings, line]),
    { role: 'close' },
    ...(mac ? [] : [{ role: 'quit' as const }]),
  ];
  const view: MenuItemConstructorOptions[] = [
    ...Object.entries(PAGES).map(([label, address]) => page(label, address)),
    line,
    { label: 'Reload', accelerator: 'CmdOrCtrl+R', click: reload },
    ...(app.isPackaged ? [] : [{ role: 'toggleDevTools' as const }]),
    line,
    ...[{ role: 'resetZoom' as const }, { role: 'zoomIn' as const }, { role: 'zoomOut' as const }, line],
    { role: 'togglefullscreen' },
  ];
  const help: MenuItemConstructorOptions[] = [
    { label: 'Open in browser', click: () => void openInBrowser(node) },
    { label: 'Show data folder', click: () => void shell.openPath(dataDir) },
    ...(mac ? [] : [line, about]),
  ];
  Menu.setApplicationMenu(
    Menu.buildFromTemplate([
      ...(mac ? [{ label: app.name, submenu: application }] : []),
      { label: 'File', submenu: file },
      // Without it, macOS knows no shortcut for copying.
      { role: 'editMenu' },
      { label: 'View', submenu: view },
      ...(mac ? [{ role: 'windowMenu' as const }] : []),
      { role: 'help', submenu: help },
    ]),
  );
}

async function openInBrowser(node: DesktopNode): Promise<void> {
  await shell.openExternal(`${node.home}/#token=${await node.makeKey()}`);
}
