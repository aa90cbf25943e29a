/** The rows of the library: their heights, their boxes, and where the focus goes. */
import type { Page } from 'playwright-core';
import { beforeAll, expect, it } from 'vitest';
import { type Server, serve } from '../../src-main/test/support/server.ts';
import { makeHome } from '../../src-main/test/support/temp.ts';
import { until } from '../../src-main/test/support/wait.ts';
import { enter, expectComplaints, fillRecord, PHONE, seriousFindings } from './browser.ts';

let server: Server;
beforeAll(async () => {
  const { data } = makeHome();
  fillRecord(data, 60);
  server = await serve(data);
  await server.call('setup.set', { role: 'alone', complete: true });
});

const rows = (page: Page) => page.getByRole('grid', { name: 'Videos' }).locator('[role="row"][aria-selected]');
const focused = (page: Page) =>
  page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.tagName);

/** Whether each row begins where the one before it ends. */
const areStacked = (page: Page) =>
  rows(page).evaluateAll((all) => {
    const boxes = all.map((row) => row.getBoundingClientRect()).sort((a, b) => a.top - b.top);
    return boxes.every((box, i) => i === 0 || Math.abs((boxes[i - 1]?.bottom ?? 0) - box.top) < 1);
  });

it('rows neither overlap nor leave gaps when a window becomes narrow, and wide again', async () => {
  const page = await enter(server, '/library?sort=path');
  await rows(page).first().waitFor();
  for (const size of [PHONE, { width: 1440, height: 900 }]) {
    await page.setViewportSize(size);
    await until(async () => expect(await areStacked(page)).toBe(true));
  }
});

it('a box that is ticked with Shift selects the range', async () => {
  const page = await enter(server, '/library?sort=path');
  await rows(page).first().waitFor();
  const box = (n: number) => rows(page).nth(n).getByRole('checkbox');
  await box(0).click();
  await box(3).click({ modifiers: ['Shift'] });
  await page.getByText('4 videos selected').waitFor();
});

it('the focus returns to what opened a menu or the drawer, and the drawer leads through the list', async () => {
  // The videos of this record were never on a disk, so there are no pictures of them.
  expectComplaints(/404.*\/frames\//);
  const page = await enter(server, '/library?sort=path');
  await rows(page).first().hover();
  const dots = page.getByRole('button', { name: 'Actions for Episode 000001.mkv' });
  await dots.focus();
  await page.keyboard.press('Enter');
  await page.getByRole('menu').waitFor();
  await page.getByRole('menuitem', { name: 'Remove from list' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('menu').waitFor({ state: 'detached' });
  expect(await focused(page)).toBe('Actions for Episode 000001.mkv');

  await page.getByRole('grid').focus();
  await page.keyboard.press('Enter');
  await page.getByRole('dialog', { name: 'Episode 000001.mkv' }).waitFor();
  await page.getByRole('button', { name: 'Next video' }).click();
  const second = page.getByRole('dialog', { name: 'Episode 000002.mkv' });
  await second.getByText('2 of 60').waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await second.waitFor({ state: 'hidden' });
  expect(await focused(page)).toBe('Videos');
});

it('lists say why a video is not converted, and a filter leads to the reason', async () => {
  const page = await enter(server, '/library?sort=path&state=skipped');
  await rows(page).first().getByText('Skipped by you.').waitFor();
  await page.getByRole('button', { name: 'Columns' }).click();
  await page.getByRole('checkbox', { name: 'Reason' }).check();
  await page.getByRole('columnheader', { name: 'Reason' }).waitFor();
  await rows(page).first().getByText('Skipped by you', { exact: true }).waitFor();
});
