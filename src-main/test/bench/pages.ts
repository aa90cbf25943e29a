import type { Browser, CDPSession, Page } from 'playwright-core';
import { launchBrowser, masterWith } from './interface.ts';
import { type Bench, measured, median, type Report, say } from './measure.ts';

/** Sizes of the library. */
const LIBRARIES = [20_000, 100_000];
/** What is typed, and ms between the keys: a fast typist makes ten a second. */
const SEARCH = 'episode 4711 1080p';
const KEY_PAUSE = 100;
/** Ms from a key to the frame that shows it: of half of the keys, and of the slowest. */
const [TYPING_GOAL, WORST_GOAL] = [50, 200];
/** A line of 1.6 Mb/s with 40 ms to and fro, as DSL has it; in bytes a second. */
const LINE = { offline: false, downloadThroughput: 200_000, uploadThroughput: 60_000, latency: 40 };
/** Ms until the dashboard shows numbers over that line. */
const NUMBERS_GOAL = 2500;
/** Sum of the layout shifts of a page, as web.dev/cls defines them. */
const SHIFT_GOAL = 0.02;
/** Ms in which no layout shift and no loading means that a page has settled. */
const QUIET = 1000;
const PAGES = [
  '/',
  '/library',
  '/library?view=folders',
  '/queue',
  '/vault',
  '/workers',
  '/insights',
  '/history',
  '/settings',
];
const REPETITIONS = 3;
/** Ms after which a page that shows nothing is given up; a busy computer is slow, but not broken. */
const GIVE_UP = 180_000;

interface Watched {
  keys: number[];
  shift: number;
  shiftedAt: number;
}

/** Notes, from the first line of the page on, how long keys take to be seen and how much moves. */
async function watch(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const watched: Watched = { keys: [], shift: 0, shiftedAt: 0 };
    Object.assign(window, { watched });
    const channel = new MessageChannel();
    let pending: number[] = [];
    // A message is delivered after the frame that was asked for with it is painted.
    channel.port1.onmessage = () => {
      watched.keys.push(...pending.map((since) => performance.now() - since));
      pending = [];
    };
    window.addEventListener(
      'keydown',
      () => {
        pending.push(performance.now());
        requestAnimationFrame(() => channel.port2.postMessage(0));
      },
      { capture: true },
    );
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & { value: number; hadRecentInput: boolean })[]) {
        if (entry.hadRecentInput) continue;
        watched.shift += entry.value;
        watched.shiftedAt = performance.now();
      }
    }).observe({ type: 'layout-shift', buffered: true });
  });
}

const watchedOn = (page: Page) => page.evaluate(() => (window as unknown as { watched: Watched }).watched);

/** A page of a browser without a cache. */
async function open(browser: Browser): Promise<{ page: Page; cdp: CDPSession }> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  context.setDefaultTimeout(GIVE_UP);
  const page = await context.newPage();
  await watch(page);
  const cdp = await context.newCDPSession(page);
  await cdp.send('Network.enable');
  return { page, cdp };
}

/** The head of a page says how things stand, which takes an answer of the master. */
const whenNumbered = (page: Page) =>
  page.waitForFunction(() => /\d/.test(document.querySelector('main header [role="status"]')?.textContent ?? ''));

/** How soon keys show in the search of a library, and how soon its hits do. */
async function typing(browser: Browser, url: string): Promise<Report> {
  const { page } = await open(browser);
  await page.goto(url);
  await page.locator('[role="row"][aria-selected]').first().waitFor();
  await page.getByRole('textbox').first().pressSequentially(SEARCH, { delay: KEY_PAUSE });
  const started = performance.now();
  await page.waitForFunction(() => / match\./.test(document.querySelector('main header')?.textContent ?? ''));
  const hits = performance.now() - started;
  const { keys } = await watchedOn(page);
  await page.context().close();
  return {
    keysMedian: measured(median(keys), 'ms from key to paint', TYPING_GOAL),
    keysWorst: measured(Math.max(...keys), 'ms from key to paint', WORST_GOAL),
    hits: measured(hits, 'ms from the last key to the hits'),
  };
}

/** Ms until the dashboard shows numbers over a slow line. */
async function firstNumbers(browser: Browser, url: string): Promise<number> {
  const { page, cdp } = await open(browser);
  await cdp.send('Network.emulateNetworkConditions', LINE);
  const started = performance.now();
  await page.goto(url, { waitUntil: 'commit' });
  await whenNumbered(page);
  const ms = performance.now() - started;
  await page.context().close();
  return ms;
}

/** How much moves on a page until it has settled. */
async function shiftOf(browser: Browser, url: string): Promise<number> {
  const { page } = await open(browser);
  await page.goto(url);
  await page.locator('main h1').waitFor();
  await page.waitForFunction(
    (quiet) =>
      document.querySelector('[aria-busy="true"]') === null &&
      performance.now() - (window as unknown as { watched: Watched }).watched.shiftedAt > quiet,
    QUIET,
  );
  const { shift } = await watchedOn(page);
  await page.context().close();
  return shift;
}

/** How pages feel: keys in the search of large libraries, the first numbers over a slow line, and what moves while pages load. */
export const pages: Bench = async (folder) => {
  const report: Report = {};
  const browser = await launchBrowser();
  try {
    for (const videos of LIBRARIES) {
      say(`pages: a library of ${videos} videos`);
      const master = await masterWith(videos, folder);
      const at = (address: string) => `${master.url}${address}#token=${master.token}`;
      const numbers = await typing(browser, at('/library'));
      for (const [name, value] of Object.entries(numbers)) report[`${name} ${videos}`] = value;
      if (videos === LIBRARIES[0]) {
        const times: number[] = [];
        for (let i = 0; i < REPETITIONS; i++) times.push(await firstNumbers(browser, at('/')));
        report.firstNumbers = measured(median(times), 'ms at 1.6 Mb/s', NUMBERS_GOAL);
        for (const address of PAGES)
          report[`shift of ${address}`] = measured(await shiftOf(browser, at(address)), 'layout shift', SHIFT_GOAL);
      }
      await master.stop();
    }
  } finally {
    await browser.close();
  }
  return report;
};
