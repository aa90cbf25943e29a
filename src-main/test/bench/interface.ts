import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Browser, type CDPSession, chromium, type Page } from 'playwright-core';
import { openDatabase } from '../../db/open.ts';
import { fillVideos } from '../support/videos.ts';
import { startMaster } from './master.ts';
import { type Bench, cpuSeconds, measured, median, say } from './measure.ts';
import { FILES } from './tree.ts';

const FEW = 1000;
const REPETITIONS = 5;
/** How much longer the first rows of many videos may take than those of few. */
const FIRST_GOAL = 1.5;
/** A frame that takes longer, in ms, is seen as a jerk; and how many of a hundred may. */
const [JERK, JERKS_GOAL] = [50, 2];
/** Turns of the wheel, pixels of each, and ms between them. */
const [TURNS, TURN, PAUSE] = [240, 120, 16];
/** Places that are looked at all over the list, and MB that the page's memory may hold afterwards. */
const [PLACES, MEMORY_GOAL] = [200, 64];
const VIEW = { width: 1440, height: 900 };
/** Longer than a master waits after its start before it looks at forecasts, in ms, and the share of a processor that a quiet one uses. */
const [QUIET_MS, QUIET_SHARE] = [7000, 0.1];

interface Shown {
  page: Page;
  cdp: CDPSession;
  /** From asking for the page to its first rows, in ms. */
  ms: number;
  /** What came over the network for that, in bytes. */
  bytes: number;
}

/** The system's Chromium, without a window. */
export function launchBrowser(): Promise<Browser> {
  // Chromium refuses its sandbox to root.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath: execFileSync('which', ['chromium'], { encoding: 'utf8' }).trim(), args });
}

/** The library page in a browser without a cache. */
async function show(browser: Browser, { url, token }: { url: string; token: string }): Promise<Shown> {
  const page = await (await browser.newContext({ viewport: VIEW })).newPage();
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Network.enable');
  let bytes = 0;
  cdp.on('Network.loadingFinished', ({ encodedDataLength }) => {
    bytes += encodedDataLength;
  });
  const started = performance.now();
  await page.goto(`${url}/library#token=${token}`, { waitUntil: 'commit' });
  await page.locator('[role="row"][aria-selected]').first().waitFor();
  return { page, cdp, ms: performance.now() - started, bytes };
}

/** Ms between the frames that are drawn while `work` runs. */
async function frames(page: Page, work: () => Promise<void>): Promise<number[]> {
  await page.evaluate(() => {
    const times: number[] = [];
    const note = (time: number) => {
      times.push(time);
      requestAnimationFrame(note);
    };
    requestAnimationFrame(note);
    Object.assign(window, { times });
  });
  await work();
  const times = await page.evaluate(() => (window as unknown as { times: number[] }).times);
  return times.slice(1).map((time, i) => time - (times[i] ?? time));
}

/** MB that the page's memory holds once it is cleaned up. */
async function heap(cdp: CDPSession): Promise<number> {
  await cdp.send('HeapProfiler.collectGarbage');
  const { usedSize } = await cdp.send('Runtime.getHeapUsage');
  return usedSize / 1e6;
}

/** Resolves when a process has hardly used the processor for a while: after a start with many videos, forecasts are stored. */
async function whenQuiet(pid: number): Promise<void> {
  for (;;) {
    const before = cpuSeconds(pid);
    await delay(QUIET_MS);
    if ((cpuSeconds(pid) - before) * 1000 < QUIET_SHARE * QUIET_MS) return;
  }
}

/** A master whose record holds videos that are nowhere on a disk, and which has done what there is to do after a start. */
export async function masterWith(videos: number, folder: string) {
  const data = path.join(folder, String(videos));
  mkdirSync(data, { recursive: true });
  const { db } = openDatabase(path.join(data, 'flotilla.db'), path.join(data, 'backups'));
  fillVideos(db, videos);
  db.exec(`
    UPDATE libraries SET watched = 0;
    INSERT INTO jobs (id, file, library, version, size, mtime, state, result_size, ended, codec, resolution, worker)
      SELECT id, id, library, version, coalesce(source_size, size), mtime, state, result_size,
        CASE state WHEN 'done' THEN 1700000000000 + id * 600000 END, codec, resolution, worker
        FROM files WHERE state IN ('queued', 'done');
    UPDATE files SET job = id WHERE state IN ('queued', 'done');
  `);
  db.close();
  const master = await startMaster(data);
  await whenQuiet(master.pid);
  return { ...master, token: readFileSync(path.join(data, 'token'), 'utf8').trim() };
}

const jerks = (all: number[]) => (100 * all.filter((ms) => ms > JERK).length) / all.length;

/** The library page with 100,000 videos: how soon it is there, how it scrolls and takes a search, and what it holds. */
export const interfaceBench: Bench = async (folder) => {
  say(`interface: making ${FILES} videos`);
  const [few, many] = [await masterWith(FEW, folder), await masterWith(FILES, folder)];
  const browser = await launchBrowser();
  try {
    const times: Record<'few' | 'many', number[]> = { few: [], many: [] };
    let bytes = 0;
    for (let i = 0; i < REPETITIONS; i++) {
      for (const [kind, master] of Object.entries({ few, many }) as ['few' | 'many', typeof few][]) {
        const shown = await show(browser, master);
        times[kind].push(shown.ms);
        bytes = shown.bytes;
        await shown.page.context().close();
      }
    }
    const { page, cdp } = await show(browser, many);
    await page.mouse.move(VIEW.width / 2, VIEW.height / 2);
    say('interface: scrolling');
    const scrolled = await frames(page, async () => {
      for (let i = 0; i < TURNS; i++) {
        await page.mouse.wheel(0, TURN);
        await page.waitForTimeout(PAUSE);
      }
    });
    const before = await heap(cdp);
    const grid = page.getByRole('grid', { name: 'Videos' });
    for (let i = 1; i <= PLACES; i++) {
      await grid.evaluate((element, share) => element.scrollTo(0, element.scrollHeight * share), i / PLACES);
      await page.waitForTimeout(PAUSE);
    }
    const after = await heap(cdp);
    const typed = await frames(page, () => page.getByRole('textbox').first().pressSequentially('episode 4711 1080p'));
    return {
      videos: measured(FILES, 'videos'),
      firstRows: measured(median(times.many), 'ms'),
      firstRatio: measured(median(times.many) / median(times.few), `× that of ${FEW}`, FIRST_GOAL),
      transferred: measured(bytes, 'bytes'),
      scrollJerks: measured(jerks(scrolled), `% of frames over ${JERK} ms`, JERKS_GOAL),
      scrollLongest: measured(Math.max(...scrolled), 'ms'),
      typingLongest: measured(Math.max(...typed), 'ms'),
      memoryBefore: measured(before, 'MB'),
      memoryAfter: measured(after, `MB after ${PLACES} places`, MEMORY_GOAL),
    };
  } finally {
    await browser.close();
    await Promise.all([few.stop(), many.stop()]);
  }
};
