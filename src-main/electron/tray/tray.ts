import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { app, Menu, type MenuItemConstructorOptions, nativeImage, Tray } from 'electron';
import { sameButNumbers, type TrayAction, type TrayItem, type TrayModel } from './tray-model.ts';

/** Linux doesn't report an open menu, so changes of numbers alone update it at most this often, in ms. */
const CALM_MS = 10_000;

/** The icon beside the clock. */
export class TrayIcon {
  readonly #act: (action: TrayAction) => void;
  readonly #tray: Tray;
  #model: TrayModel | undefined;
  /** The lines of the menu as they were set last. */
  #items: TrayItem[] = [];
  /** The user looks at the menu: one that is replaced in the meantime closes on some systems. */
  #open = false;
  /** Keeps the menu as it is for a while. */
  #calm: NodeJS.Timeout | undefined;

  constructor(model: TrayModel, act: (action: TrayAction) => void) {
    this.#act = act;
    this.#tray = new Tray(iconOf(model));
    // Not where a click opens the menu: on macOS, and on Linux desktops that don't report clicks then.
    this.#tray.on('click', () => process.platform !== 'darwin' && act({ do: 'open' }));
    this.#tray.on('double-click', () => act({ do: 'open' }));
    this.show(model);
  }

  show(model: TrayModel): void {
    if (isDeepStrictEqual(model, this.#model)) return;
    this.#model = model;
    this.#tray.setImage(iconOf(model));
    this.#tray.setToolTip(model.tooltip);
    if (!this.#calm || !sameButNumbers(model.items, this.#items)) this.#setMenu();
  }

  remove(): void {
    clearTimeout(this.#calm);
    this.#tray.destroy();
  }

  /** Updates the menu. */
  #setMenu(): void {
    const { items = [] } = this.#model ?? {};
    if (this.#open || isDeepStrictEqual(items, this.#items)) return;
    this.#items = items;
    const menu = Menu.buildFromTemplate(items.map((item) => this.#entry(item)));
    menu.on('menu-will-show', () => {
      this.#open = true;
    });
    menu.on('menu-will-close', () => {
      this.#open = false;
      this.#setMenu();
    });
    this.#tray.setContextMenu(menu);
    if (process.platform === 'linux') this.#debounceMenu();
  }

  #debounceMenu(): void {
    clearTimeout(this.#calm);
    this.#calm = setTimeout(() => {
      this.#calm = undefined;
      this.#setMenu();
    }, CALM_MS);
    this.#calm.unref();
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

/** Made by build/tray-icons.mjs. macOS draws templates in its own colors. */
function iconOf({ icon, quarter }: TrayModel) {
  const name = icon === 'working' ? `working-${quarter}` : icon;
  const file = `${name}${process.platform === 'darwin' ? 'Template' : ''}`;
  // Panels of Linux know no @2x: they scale the larger one down.
  const size = process.platform === 'linux' ? '@2x' : '';
  return nativeImage.createFromPath(path.join(app.getAppPath(), 'resources/tray', `${file}${size}.png`));
}
