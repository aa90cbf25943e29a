// node build/tray-icons.mjs: draws the icons of resources/tray/ again, from build/tray.svg.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { findCommand, say } from './setup.mjs';

const OUT = path.resolve(import.meta.dirname, '../resources/tray');
const DRAWING = readFileSync(path.join(import.meta.dirname, 'tray.svg'), 'utf8');
/** Which parts of the drawing each icon shows, by their ids. */
const ICONS = {
  idle: ['fleet'],
  paused: ['faint', 'pause'],
  attention: ['fleet', 'dot'],
  ...Object.fromEntries([0, 1, 2, 3].map((quarter) => [`working-${quarter}`, ['small', 'track', `bar-${quarter}`]])),
};
/** Pixels, by what stands behind the name: Electron takes the second for screens of twice the density. */
const SIZES = { '': 16, '@2x': 32 };
/** macOS draws templates itself: only how opaque each point is counts. */
const LOOKS = { '': '', Template: 'svg * { fill: #000; stroke: none }' };

// Chromium refuses its sandbox to root.
const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
const browser = await chromium.launch({ executablePath: findCommand('chromium'), args });
rmSync(OUT, { recursive: true, force: true });
mkdirSync(OUT, { recursive: true });
for (const [density, size] of Object.entries(SIZES)) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  for (const [name, parts] of Object.entries(ICONS)) {
    for (const [kind, style] of Object.entries(LOOKS)) {
      const shown = parts.map((part) => `#${part}`).join();
      const css = `body { margin: 0 } svg { display: block } svg > g { display: none } ${shown} { display: inline !important } ${style}`;
      await page.setContent(
        `<style>${css}</style>${DRAWING.replace('<svg ', `<svg width="${size}" height="${size}" `)}`,
      );
      const png = await page.screenshot({ omitBackground: true });
      writeFileSync(path.join(OUT, `${name}${kind}${density}.png`), png);
    }
  }
}
await browser.close();
say(`drew ${Object.keys(ICONS).length} icons.`);
