// Pictures of the desktop program for docs/images/: the tray's menu, drawn from what it is made of, and the window itself.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { say } from './setup.mjs';

const ROOT = path.resolve(import.meta.dirname, '..');
const STYLE = `
  body { margin: 0; padding: 24px; background: #3a454a; font: 14px/28px 'Inter Variable', 'DejaVu Sans', sans-serif; width: max-content }
  .bar { display: flex; align-items: center; justify-content: flex-end; margin-bottom: 12px }
  .menus { display: flex; align-items: flex-start; gap: 4px }
  ul { list-style: none; margin: 0; padding: 6px 0; background: #fff; border-radius: 8px }
  li { padding: 0 16px; white-space: nowrap; color: #1b2326 }
  .told { color: #566267 }
  .line { border-top: 1px solid #e4e9ea; margin: 6px 0; height: 0 }
  .more::after { content: '›'; float: right; padding-left: 32px }`;

const asHtml = (text) => text.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`);

function drawMenu(items) {
  const rows = items.map((item) => {
    if (item.kind === 'line') return '<li class="line"></li>';
    return `<li class="${item.items ? 'more' : ''} ${item.enabled ? '' : 'told'}">${asHtml(item.label)}</li>`;
  });
  return `<ul>${rows.join('')}</ul>`;
}

/** The tray's icon and menu as they are for a running server: `tray-menu.png`. */
export async function takeTray(browser, { call }, images) {
  const { statusOf } = await import('../src-main/electron/backend/status.ts');
  const { trayModel } = await import('../src-main/electron/tray/tray-model.ts');
  const live = await call('live.snapshot');
  const { icon, quarter, items } = trayModel(statusOf(live, live.running.length), { leaving: false });
  const name = icon === 'working' ? `working-${quarter}` : icon;
  const png = readFileSync(path.join(ROOT, `resources/tray/${name}@2x.png`)).toString('base64');
  const pause = items.find((item) => item.items);
  const page = await browser.newPage({ viewport: { width: 900, height: 480 } });
  await page.setContent(
    `<!doctype html><style>${STYLE}</style><div class="bar"><img width="24" alt="" src="data:image/png;base64,${png}"></div>
     <div class="menus">${pause ? drawMenu(pause.items) : ''}${drawMenu(items)}</div>`,
  );
  await page.locator('body').screenshot({ path: path.join(images, 'tray-menu.png') });
  await page.close();
  say('took the menu of the tray.');
}

/** The window of the desktop program on a data folder that no one uses: `window.png`; nothing where there is no Electron. */
export async function takeWindow(data, images, home) {
  const { ELECTRON, ensureDisplay, NO_ELECTRON, programFolder, SANDBOX_FLAGS } = await import(
    '../src-main/test/support/electron.ts'
  );
  if (!ELECTRON || !existsSync(ELECTRON)) return say(`the window is left out: it ${NO_ELECTRON}.`);
  const { _electron } = await import('playwright-core');
  const display = await ensureDisplay();
  const folder = path.join(home, 'program');
  mkdirSync(folder);
  const app = await _electron.launch({
    executablePath: ELECTRON,
    args: [...SANDBOX_FLAGS, programFolder(ELECTRON, folder), `--data=${data}`],
    env: { ...process.env, WEB_PORT: '0', NODE_NAME: 'nas' },
  });
  const page = await app.firstWindow();
  await page.getByRole('heading', { level: 1, name: 'Dashboard' }).waitFor();
  await page.getByRole('heading', { name: 'Recent' }).waitFor();
  await page.waitForFunction(() => !document.querySelector('[aria-busy="true"]'));
  await page.evaluate(() => document.fonts.ready);
  // The pointer of a new screen is in its middle, where the chart would show the tooltip of a day.
  await page.mouse.move(0, 0);
  await page.locator('.recharts-tooltip-cursor').waitFor({ state: 'detached' });
  await page.screenshot({ path: path.join(images, 'window.png') });
  // Its question whether to finish what runs would wait for somebody.
  app.process().kill('SIGTERM');
  await new Promise((resolve) => app.process().once('exit', resolve));
  display?.kill();
  say('took the window.');
}
