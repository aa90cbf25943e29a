/** The library of a master with very many films. */
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeHome, type Server, serve, until } from '../../src-main/test/helpers.ts';
import { enter, expectComplaints, fillRecord } from './browser.ts';

const FILMS = 100_000;
/** Every third is done, but for every tenth, which failed. */
const DONE = 30_000;
const FAILED = 10_000;

let server: Server;
beforeAll(async () => {
  const { data } = makeHome();
  fillRecord(data, FILMS);
  server = await serve(data);
  await server.call('setup.set', { role: 'alone', complete: true });
});

const rows = (page: Page) => page.getByRole('grid', { name: 'Films' }).locator('[role="row"][aria-selected]');
const firstRow = (page: Page) => rows(page).first();
const chip = (page: Page, state: string) =>
  page.getByRole('group', { name: 'State' }).getByRole('button', { name: state });
const sentence = (page: Page, text: string) => page.getByRole('status').filter({ hasText: text }).waitFor();
const menuItem = (page: Page, name: string) => page.getByRole('menuitem', { name, exact: true });

describe('a library of 100,000 films', () => {
  it('keeps few rows in the page, wherever it is scrolled to', async () => {
    const page = await enter(server, '/library?sort=path');
    await sentence(page, '100,000 films');
    const grid = page.getByRole('grid', { name: 'Films' });
    expect(await grid.getAttribute('aria-rowcount')).toBe(String(FILMS + 1));
    for (const share of [0.2, 0.5, 0.9, 1]) {
      await grid.evaluate((element, to) => element.scrollTo(0, element.scrollHeight * to), share);
      await until(async () => {
        const last = Number(await rows(page).last().getAttribute('aria-rowindex'));
        expect(Math.abs(last - FILMS * share)).toBeLessThan(100);
      });
      expect(await rows(page).count()).toBeLessThan(60);
    }
    await rows(page).getByText('Episode 100000.mkv').waitFor();
  });

  it('finds by words in any order while one types, and the address tells it to others', async () => {
    const page = await enter(server, '/library');
    await sentence(page, '100,000 films');
    await page.keyboard.press('/');
    await page.keyboard.type('099123 episode');
    await sentence(page, '1 film, ');
    expect(page.url()).toContain('q=099123');
    await firstRow(page).getByText('Episode 099123.mkv').waitFor();
    const other = await enter(server, new URL(page.url()).pathname + new URL(page.url()).search);
    await firstRow(other).getByText('Episode 099123.mkv').waitFor();
    await page.keyboard.press('Escape');
    await sentence(page, '100,000 films');
  });

  it('says what to do when nothing matches', async () => {
    const page = await enter(server, '/library?q=nothing+of+the+kind');
    await page.getByText('No film matches').waitFor();
    await page.getByRole('button', { name: 'Show all films' }).click();
    await sentence(page, '100,000 films');
  });

  it('narrows down by state, codec and saving, with counts', async () => {
    const page = await enter(server, '/library');
    await chip(page, 'Done').click();
    await sentence(page, '30,000 films');
    await page.getByRole('button', { name: 'Video' }).first().click();
    await page.getByRole('checkbox', { name: 'H.264' }).click();
    await sentence(page, '13,333 films');
    await page.keyboard.press('Escape');
    await chip(page, 'Failed').click();
    await sentence(page, '23,333 films');
    await page.goBack();
    await sentence(page, '13,333 films');
    expect(new URL(page.url()).searchParams.getAll('state')).toEqual(['done']);
    await page.getByRole('button', { name: 'Clear', exact: true }).click();
    await sentence(page, '30,000 films');
    await page.getByRole('button', { name: 'Saved' }).first().click();
    await page.getByRole('textbox', { name: 'From' }).fill('60');
    await page.getByText('No film matches').waitFor();
  });

  it('sorts by any column, both ways', async () => {
    const page = await enter(server, '/library?state=done');
    const head = page.getByRole('columnheader', { name: 'Size' });
    await head.getByRole('button').click();
    await firstRow(page).getByText('19.9 GB').waitFor();
    expect(await head.getAttribute('aria-sort')).toBe('descending');
    const grid = page.getByRole('grid', { name: 'Films' });
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

  it('remembers columns and views', async () => {
    const page = await enter(server, '/library?state=failed');
    await page.getByRole('button', { name: 'Columns' }).click();
    await page.getByRole('checkbox', { name: 'Computer' }).click();
    await page.keyboard.press('Escape');
    await firstRow(page).getByText('harbour').waitFor();
    await page.getByRole('button', { name: 'Saved views' }).click();
    await page.getByRole('textbox', { name: 'Name of the view' }).fill('To look at');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.goto(`${server.url}/library`);
    await firstRow(page).getByText('harbour').waitFor();
    await page.getByRole('button', { name: 'Saved views' }).click();
    await menuItem(page, 'To look at').click();
    await sentence(page, '10,000 films');
  });

  it('selects by mouse, range and keyboard, and all that match', async () => {
    const page = await enter(server, '/library?state=done&sort=path');
    const selected = (text: string) => page.getByText(`${text} selected`, { exact: true }).waitFor();
    await rows(page).nth(0).getByRole('checkbox').click();
    await selected('1 film');
    await rows(page)
      .nth(4)
      .click({ modifiers: ['Shift'], position: { x: 400, y: 20 } });
    await selected('5 films');
    await rows(page)
      .nth(2)
      .click({ modifiers: ['Control'], position: { x: 400, y: 20 } });
    await selected('4 films');
    await page.getByRole('grid').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Space');
    await selected('3 films');
    // Neither a film's drawer nor another order is another list.
    expectComplaints(/404.*\/frames\//);
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await page.getByRole('columnheader', { name: 'Size' }).getByRole('button').click();
    await firstRow(page).getByText('19.9 GB').waitFor();
    await selected('3 films');
    await page.getByRole('button', { name: /^Select all 30,000/ }).click();
    await selected('30,000 films');
    await rows(page).nth(0).getByRole('checkbox').click();
    await selected('29,999 films');
    await page.getByRole('grid').focus();
    await page.keyboard.press('Escape');
    await page.getByText('selected', { exact: false }).waitFor({ state: 'hidden' });
  });

  it('acts on all that match after naming number and size, and tells every open page', async () => {
    const page = await enter(server, '/library?state=failed&sort=path');
    const other = await enter(server, '/library?state=failed&sort=path');
    await sentence(other, '10,000 films');
    await rows(page).nth(0).getByRole('checkbox').click();
    await page.getByRole('button', { name: /^Select all 10,000/ }).click();
    await rows(page).nth(0).getByRole('checkbox').click();
    await page.getByRole('button', { name: 'Skip', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText(/^Skip 9,999 films, [\d.]+ TB\?$/).waitFor();
    await dialog.getByRole('button', { name: 'Skip 9,999 films' }).click();
    for (const one of [page, other]) await sentence(one, '1 film, ');
    const { counts } = await server.call('queue.summary');
    expect(counts).toMatchObject({ failed: 1, done: DONE, skipped: FILMS - DONE - 1 });
    expect(FAILED - (counts.failed ?? 0)).toBe(9999);
  });

  it('opens a film by keyboard, and closes it again', async () => {
    // The films of this record were never on a disk, so there are no pictures of them.
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
