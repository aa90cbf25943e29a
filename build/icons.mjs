// npm run icons: the pictures that installers want, drawn from build/icon.svg by Chromium at each size they are shown at.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { ensureReady, findCommand } from './setup.mjs';

const here = import.meta.dirname;
/** Sizes of Linux's icon themes; Windows and macOS get theirs from the largest by electron-builder. */
const SIZES = [16, 24, 32, 48, 64, 128, 256, 512, 1024];

ensureReady({ tools: ['chromium'] });
const svg = `data:image/svg+xml;base64,${readFileSync(path.join(here, 'icon.svg'), 'base64')}`;
// Chromium refuses its sandbox to root.
const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
const browser = await chromium.launch({ executablePath: findCommand('chromium'), args });
try {
  const page = await browser.newPage();
  mkdirSync(path.join(here, 'icons'), { recursive: true });
  for (const size of SIZES) {
    await page.setViewportSize({ width: size, height: size });
    await page.setContent(`<body style="margin:0"><img src="${svg}" width="${size}" style="display:block">`);
    const picture = await page.screenshot({ omitBackground: true });
    writeFileSync(path.join(here, 'icons', `${size}x${size}.png`), picture);
    if (size === 1024) writeFileSync(path.join(here, 'icon.png'), picture);
  }
} finally {
  await browser.close();
}
