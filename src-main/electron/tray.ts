import path from 'node:path';
import { app, Menu, type MenuItemConstructorOptions, nativeImage, Tray } from 'electron';
import type { TrayAction, TrayItem, TrayModel } from './tray-model.ts';

/** The icon beside the clock. */
export class TrayIcon {
  readonly #act: (action: TrayAction) => void;
  readonly #tray: Tray;
  #shown = '';
  /** The user looks at the menu: one that is replaced meanwhile closes on some systems. */
  #open = false;
  #next: TrayModel | undefined;

  constructor(model: TrayModel, act: (action: TrayAction) => void) {
    this.#act = act;
    this.#tray = new Tray(iconOf(model));
    // Where a click does not open the menu already.
    this.#tray.on('click', () => process.platform === 'win32' && act({ do: 'open' }));
    this.#tray.on('double-click', () => act({ do: 'open' }));
    this.show(model);
  }

  show(model: TrayModel): void {
    const shown = JSON.stringify(model);
    this.#next = this.#open ? model : undefined;
    if (this.#open || shown === this.#shown) return;
    this.#shown = shown;
    this.#tray.setImage(iconOf(model));
    this.#tray.setToolTip(model.tooltip);
    const menu = Menu.buildFromTemplate(model.items.map((item) => this.#entry(item)));
    menu.on('menu-will-show', () => {
      this.#open = true;
    });
    menu.on('menu-will-close', () => {
      this.#open = false;
      if (this.#next) this.show(this.#next);
    });
    this.#tray.setContextMenu(menu);
  }

  remove(): void {
    this.#tray.destroy();
  }

  #entry(item: TrayItem): MenuItemConstructorOptions {
    if (item.kind === 'line') return { type: 'separator' };
    const { label, action, items, enabled } = item;
    // An ampersand would underline the next letter.
    const text = label.replaceAll('&', '&&');
    if (items) return { label: text, submenu: items.map((inner) => this.#entry(inner)) };
    return { label: text, enabled, ...(action && { id: action.do, click: () => this.#act(action) }) };
  }
}

/** Made by build/tray-icons.mjs. macOS draws templates in its own colours. */
function iconOf({ icon, quarter }: TrayModel) {
  const name = icon === 'working' ? `working-${quarter}` : icon;
  const file = `${name}${process.platform === 'darwin' ? 'Template' : ''}`;
  // Panels of Linux know no @2x: they scale the larger one down.
  const size = process.platform === 'linux' ? '@2x' : '';
  return nativeImage.createFromPath(path.join(app.getAppPath(), 'resources/tray', `${file}${size}.png`));
}
