/** What the tests of the interface share: a real Chromium in front of a real server. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, expect } from 'vitest';
import { openDatabase } from '../../src-main/db/open.ts';
import { which } from '../../src-main/test/support/ffmpeg.ts';
import type { Server } from '../../src-main/test/support/server.ts';

const DESKTOP = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };
/** What a window of 1440 by 900 holds at 200 %. */
export const ZOOMED = { width: 720, height: 450 };

let browser: Browser | undefined;
const complaints: string[] = [];
/** Complaints that a test brings about on purpose. */
let expected: RegExp | undefined;

afterEach(() => {
  const found = complaints.splice(0).filter((text) => !expected?.test(text));
  expected = undefined;
  expect(found).toEqual([]);
});
afterAll(() => browser?.close());

/** Lets the browser complain of this in the running test. */
export function expectComplaints(pattern: RegExp): void {
  expected = pattern;
}

/**
 * A page of a browser of its own. Whatever the browser complains of fails the test: errors, refused styles and scripts.
 */
export async function openPage(options: BrowserContextOptions = {}): Promise<Page> {
  // Chromium refuses its sandbox to root, which tests in a container often are.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  browser ??= await chromium.launch({ executablePath: which('chromium'), args });
  const context = await browser.newContext({ viewport: DESKTOP, reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  // Generous, for slow computers; the test's own limit comes next.
  page.setDefaultTimeout(90_000);
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`${message.text()} ${message.location().url}`);
  });
  return page;
}

/** A page that is signed in, at an address of the server. */
export async function enter(server: Server, address = '/', options: BrowserContextOptions = {}): Promise<Page> {
  const page = await openPage(options);
  await page.goto(`${server.url}${address}#token=${server.token}`);
  await page.getByRole('navigation', { name: 'Pages' }).waitFor();
  return page;
}

/** Controls of the page that lie beyond its sides, or under something else. */
export function hiddenControls(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const main = document.querySelector('main');
    const controls = [...(main?.querySelectorAll('button, a, input:not([type="hidden"]), [role="combobox"]') ?? [])];
    return controls.flatMap((control) => {
      control.scrollIntoView({ block: 'center', inline: 'nearest', behavior: 'instant' });
      const { left, top, width, height } = control.getBoundingClientRect();
      // Made for readers of screens, or the hidden part of a switch.
      if (width < 4 || height < 4 || Number(getComputedStyle(control).opacity) === 0) return [];
      if (getComputedStyle(control).visibility === 'hidden') return [];
      const there = document.elementFromPoint(left + width / 2, top + height / 2);
      const own =
        there && (control.contains(there) || there.contains(control) || there.closest('label, [data-disabled]'));
      return own ? [] : [`${control.ariaLabel ?? control.textContent} is under ${there?.outerHTML.slice(0, 120)}`];
    });
  });
}

/**
 * What axe-core finds serious on the page as it is.
 * @param rules that are asked; axe-core's usual ones by default
 */
export async function seriousFindings(page: Page, rules?: string[]): Promise<string[]> {
  const axe = new AxeBuilder({ page });
  const { violations } = await (rules ? axe.withRules(rules) : axe).analyze();
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(' ')} ${node.failureSummary ?? ''}`));
}

/**
 * A data folder whose record holds `count` videos that were never on a disk: every tenth failed, every third done, the others
 * left alone.
 */
export function fillRecord(data: string, count: number): void {
  mkdirSync(data, { recursive: true });
  const { db } = openDatabase(path.join(data, 'flotilla.db'), path.join(data, 'backups'));
  db.exec(`
    INSERT INTO libraries (id, root, watched) VALUES (1, '/media/series', 0);
    INSERT INTO files (library, path, inode, version, size, mtime, added, state, code, reason, codec, width, height, resolution,
      hdr, frame_rate, bit_rate, audio, duration, source_size, result_size, worker)
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
    SELECT 1, printf('Season %04d/Episode %06d.mkv', i / 100, i), '1:' || i, i, 1000000 * (i % 9973 + 1), i, i,
      CASE WHEN i % 10 = 0 THEN 'failed' WHEN i % 3 = 0 THEN 'done' ELSE 'skipped' END,
      CASE WHEN i % 10 = 0 THEN 'ffmpeg' WHEN i % 3 = 0 THEN NULL ELSE 'user' END,
      CASE WHEN i % 10 = 0 THEN 'ffmpeg failed.' WHEN i % 3 = 0 THEN NULL ELSE 'Skipped by you.' END,
      CASE WHEN i % 2 = 0 THEN 'h264' ELSE 'hevc' END, 1920, 1080, '1080p', 'SDR', 25, 8000000, 'stereo AAC', 2700,
      CASE WHEN i % 10 != 0 AND i % 3 = 0 THEN 2000000 * (i % 9973 + 1) END,
      CASE WHEN i % 10 != 0 AND i % 3 = 0 THEN 1000000 * (i % 9973 + 1) END, 'harbour'
    FROM n;
  `);
  db.close();
}
