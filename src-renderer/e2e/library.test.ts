/** The library of a master with very many videos. */
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Server, serve } from '../../src-main/test/support/server.ts';
import { makeHome } from '../../src-main/test/support/temp.ts';
import { until } from '../../src-main/test/support/wait.ts';
import { enter, expectComplaints, fillRecord } from './browser.ts';

const VIDEOS = 100_000;
/** Every third is done, but for every tenth, which failed. */
const DONE = 30_000;
const FAILED = 10_000;

let server: Server;
beforeAll(async () => {
  const { data } = makeHome();
  fillRecord(data, VIDEOS);
  server = await serve(data);
  await server.call('setup.set', { role: 'alone', complete: true });
});

const rows = (page: Page) => page.getByRole('grid', { name: 'Videos' }).locator('[role="row"][aria-selected]');
const firstRow = (page: Page) => rows(page).first();
const chip = (page: Page, state: string) =>
  page.getByRole('group', { name: 'Status' }).getByRole('button', { name: state });
const sentence = (page: Page, text: string) => page.getByRole('status').filter({ hasText: text }).waitFor();
const menuItem = (page: Page, name: string) => page.getByRole('menuitem', { name, exact: true });

describe('a library of 100,000 videos', () => {
  it('keeps few rows in the page, wherever it is scrolled to', async () => {
    const page = await enter(server, '/library?sort=path');
    await sentence(page, '100,000 videos');
    const grid = page.getByRole('grid', { name: 'Videos' });
    expect(await grid.getAttribute('aria-rowcount')).toBe(String(VIDEOS + 1));
    for (const share of [0.2, 0.5, 0.9, 1]) {
      await grid.evaluate((element, to) => element.scrollTo(0, element.scrollHeight * to), share);
      await until(async () => {
        const last = Number(await rows(page).last().getAttribute('aria-rowindex'));
        expect(Math.abs(last - VIDEOS * share)).toBeLessThan(100);
      });
      expect(await rows(page).count()).toBeLessThan(60);
    }
    await rows(page).getByText('Episode 100000.mkv').waitFor();
  });

  it('finds by words in any order while one types, and the address shares it', async () => {
    const page = await enter(server, '/library');
    await sentence(page, '100,000 videos');
    await page.keyboard.press('/');
    await page.keyboard.type('099123 episode');
    await sentence(page, '1 video, ');
    expect(page.url()).toContain('q=099123');
    await firstRow(page).getByText('Episode 099123.mkv').waitFor();
    const other = await enter(server, new URL(page.url()).pathname + new URL(page.url()).search);
    await firstRow(other).getByText('Episode 099123.mkv').waitFor();
    await page.keyboard.press('Escape');
    await sentence(page, '100,000 videos');
  });

  it('says what to do when nothing matches', async () => {
    const page = await enter(server, '/library?q=nothing+of+the+kind');
    await page.getByText('No videos match').waitFor();
    await page.getByRole('button', { name: 'Show all videos' }).click();
    await sentence(page, '100,000 videos');
  });

  it('narrows down by state, codec and saving, with counts', async () => {
    const page = await enter(server, '/library');
    const grid = page.getByRole('grid', { name: 'Videos' });
    const busy = await grid.evaluateHandle((element) => {
      const seen: (string | null)[] = [];
      new MutationObserver(() => seen.push(element.ariaBusy)).observe(element, { attributeFilter: ['aria-busy'] });
      return seen;
    });
    await chip(page, 'Done').click();
    await sentence(page, '30,000 videos');
    // The rows of the filter before are marked until those of this one are there.
    await until(async () => expect(await busy.jsonValue()).toEqual(['true', 'false']));
    await page.getByRole('button', { name: 'Codec' }).first().click();
    await page.getByRole('checkbox', { name: 'H.264' }).click();
    await sentence(page, '13,333 videos');
    await page.keyboard.press('Escape');
    await chip(page, 'Failed').click();
    await sentence(page, '23,333 videos');
    await page.goBack();
    await sentence(page, '13,333 videos');
    expect(new URL(page.url()).searchParams.getAll('state')).toEqual(['done']);
    await page.getByRole('button', { name: 'Clear', exact: true }).click();
    await sentence(page, '30,000 videos');
    await page.getByRole('button', { name: 'Saved' }).first().click();
    await page.getByRole('textbox', { name: 'From' }).fill('60');
    await page.getByText('No videos match').waitFor();
  });

  it('sorts by any column, both ways', async () => {
    const page = await enter(server, '/library?state=done');
    const head = page.getByRole('columnheader', { name: 'Size', exact: true });
    await head.getByRole('button').click();
    await firstRow(page).getByText('19.9 GB').waitFor();
    expect(await head.getAttribute('aria-sort')).toBe('descending');
    const grid = page.getByRole('grid', { name: 'Videos' });
    const greyRows = await grid.evaluateHandle((element) => {
      const seen: Element[] = [];
      const look = () => seen.push(...element.querySelectorAll('[role="row"][aria-busy]'));
      new MutationObserver(look).observe(element, { childList: true, subtree: true });
      return seen;
    });
    await head.getByRole('button').click();
    await until(async () => expect(await head.getAttribute('aria-sort')).toBe('ascending'));
    await firstRow(page).getByText('2.00 MB').waitFor();
    expect(await greyRows.evaluate((seen) => seen.length)).toBe(0);
  });

  it('shows the column that it is sorted by, and says which ticked ones have no room', async () => {
    const page = await enter(server, '/library');
    const columns = async () =>
      (await page.getByRole('columnheader').evaluateAll((heads) => heads.map((head) => head.ariaLabel))).slice(1, -1);
    await firstRow(page).waitFor();
    expect(await columns()).toEqual(['Name', 'Resolution', 'Codec', 'Audio', 'Size', 'Saved', 'Status', 'Added']);
    expect(await page.getByRole('columnheader', { name: 'Added' }).getAttribute('aria-sort')).toBe('descending');
    await page.getByRole('button', { name: 'Columns' }).click();
    const without = page.getByRole('checkbox', { checked: true, description: 'No room in this window' });
    const names = (boxes: Element[]) => boxes.map((box) => (box as HTMLInputElement).labels?.[0]?.textContent);
    expect(await without.evaluateAll(names)).toEqual(['New size']);
    await page.setViewportSize({ width: 1700, height: 900 });
    await without.waitFor({ state: 'detached' });
  });

  it('remembers columns and views', async () => {
    const page = await enter(server, '/library?state=failed');
    await page.getByRole('button', { name: 'Columns' }).click();
    await page.getByRole('checkbox', { name: 'Computer' }).click();
    await page.keyboard.press('Escape');
    await firstRow(page).getByText('harbour').waitFor();
    await page.getByRole('button', { name: 'Saved views' }).click();
    await page.getByRole('textbox', { name: 'View name' }).fill('To look at');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.goto(`${server.url}/library`);
    await firstRow(page).getByText('harbour').waitFor();
    await page.getByRole('button', { name: 'Saved views' }).click();
    await menuItem(page, 'To look at').click();
    await sentence(page, '10,000 videos');
  });

  it('selects by mouse, range and keyboard, and all that match', async () => {
    const page = await enter(server, '/library?state=done&sort=path');
    const selected = (text: string) => page.getByText(`${text} selected`, { exact: true }).waitFor();
    await rows(page).nth(0).getByRole('checkbox').click();
    await selected('1 video');
    await rows(page)
      .nth(4)
      .click({ modifiers: ['Shift'], position: { x: 400, y: 20 } });
    await selected('5 videos');
    await rows(page)
      .nth(2)
      .click({ modifiers: ['Control'], position: { x: 400, y: 20 } });
    await selected('4 videos');
    await page.getByRole('grid').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Space');
    await selected('3 videos');
    // Neither a video's drawer nor another order is another list.
    expectComplaints(/404.*\/frames\//);
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await page.getByRole('columnheader', { name: 'Size', exact: true }).getByRole('button').click();
    await firstRow(page).getByText('19.9 GB').waitFor();
    await selected('3 videos');
    await page.getByRole('button', { name: /^Select all 30,000/ }).click();
    await selected('30,000 videos');
    await rows(page).nth(0).getByRole('checkbox').click();
    await selected('29,999 videos');
    await page.getByRole('grid').focus();
    await page.keyboard.press('Escape');
    await page.getByText('selected', { exact: false }).waitFor({ state: 'hidden' });
  });

  it('acts on all that match after naming number and size, and updates every open page', async () => {
    const page = await enter(server, '/library?state=failed&sort=path');
    const other = await enter(server, '/library?state=failed&sort=path');
    await sentence(other, '10,000 videos');
    await rows(page).nth(0).getByRole('checkbox').click();
    await page.getByRole('button', { name: /^Select all 10,000/ }).click();
    await rows(page).nth(0).getByRole('checkbox').click();
    await page.getByRole('button', { name: 'Skip', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText(/^Skip 9,999 videos \([\d.]+ TB\)\?$/).waitFor();
    await dialog.getByRole('button', { name: 'Skip 9,999 videos' }).click();
    for (const one of [page, other]) await sentence(one, '1 video, ');
    const { counts } = await server.call('queue.summary');
    expect(counts).toMatchObject({ failed: 1, done: DONE, skipped: VIDEOS - DONE - 1 });
    expect(FAILED - (counts.failed ?? 0)).toBe(9999);
  });

  it('opens a video by keyboard, and closes it again', async () => {
    // The videos of this record were never on a disk, so there are no pictures of them.
    expectComplaints(/404.*\/frames\//);
    const page = await enter(server, '/library?sort=path');
    await firstRow(page).waitFor();
    await page.getByRole('grid').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    const drawer = page.getByRole('dialog', { name: 'Episode 000002.mkv' });
    await drawer.waitFor();
    await page.keyboard.press('Escape');
    await drawer.waitFor({ state: 'hidden' });
    expect(page.url()).not.toContain('file=');
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard' }).getByText('Search the library').waitFor();
  });
});
