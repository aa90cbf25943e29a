import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { _electron, type ElectronApplication } from 'playwright-core';
import { CSRF_HEADER } from '../../../src-shared/contract/csrf-header.ts';
import { ELECTRON, ensureDisplay, isShown, NO_ELECTRON, programFolder, SANDBOX_FLAGS } from '../support/electron.ts';
import { freePort } from '../support/ports.ts';
import { type Bench, measured, median } from './measure.ts';

/** Starts of each kind; the median counts. */
const STARTS = 9;
/** At rest, so long after the start, in ms. */
const REST_MS = 10_000;
const GOALS = { start: 1.5, memory: 100 };

const BLANK = `
import { app, BrowserWindow } from 'electron';
await app.whenReady();
const window = new BrowserWindow({ width: 1280, height: 860, show: false });
await window.loadURL('data:text/html,<h1>blank</h1>');
window.show();
`;

/** What the desktop program takes over a blank window of the same Electron: time to a window that can be used, and memory at rest. */
export const desktop: Bench = async (folder) => {
  if (!ELECTRON) return { skipped: NO_ELECTRON };
  const screen = await ensureDisplay();
  try {
    const [blank, program] = [blankApp(folder), programFolder(ELECTRON, path.join(folder, 'program'))];
    // The same from one start to the next, as an install's is: the window keeps what it has loaded.
    const port = await freePort();
    const kinds = { blank: [] as Start[], flotilla: [] as Start[] };
    // In turns, so that whatever else this computer does meets both; the first of each warms the disk.
    for (let n = 0; n <= STARTS; n += 1) {
      const starts = {
        blank: await start([blank, `--user-data-dir=${path.join(folder, 'blank-data')}`], port, n === STARTS),
        flotilla: await start([program, `--data=${path.join(folder, 'data')}`], port, n === STARTS, n === 0),
      };
      if (n > 0) for (const kind of ['blank', 'flotilla'] as const) kinds[kind].push(starts[kind]);
    }
    const seconds = (starts: Start[]) => median(starts.map((one) => one.seconds));
    const live = median(kinds.flotilla.map((one) => one.liveSeconds));
    const memory = (starts: Start[]) => (starts.at(-1)?.memory ?? Number.NaN) / 1e6;
    return {
      blankStart: measured(seconds(kinds.blank), 's'),
      start: measured(seconds(kinds.flotilla), 's'),
      startRatio: measured(seconds(kinds.flotilla) / seconds(kinds.blank), 'x', GOALS.start),
      live: measured(live, 's'),
      liveRatio: measured(live / seconds(kinds.blank), 'x'),
      blankMemory: measured(memory(kinds.blank), 'MB'),
      memory: measured(memory(kinds.flotilla), 'MB'),
      memoryMore: measured(memory(kinds.flotilla) - memory(kinds.blank), 'MB', GOALS.memory),
    };
  } finally {
    screen?.kill();
  }
};

interface Start {
  /** From the start of the process to a page with a heading, in a window that is shown. */
  seconds: number;
  /** The same to a page that tells how things stand. */
  liveSeconds: number;
  /** Bytes at rest, shared ones divided by those who share them; 0 where nobody waited for it. */
  memory: number;
}

async function start(args: string[], port: number, rests: boolean, first = false): Promise<Start> {
  const began = performance.now();
  const soFar = () => (performance.now() - began) / 1000;
  const app = await _electron.launch({
    executablePath: ELECTRON as string,
    args: [...SANDBOX_FLAGS, ...args],
    env: { ...(process.env as Record<string, string>), WEB_PORT: String(port) },
  });
  const page = await app.firstWindow();
  // Playwright's own way of waiting looks only every half second in the end.
  const see = (what: () => boolean) => page.waitForFunction(what, undefined, { polling: 10 });
  await see(() => document.querySelector('h1') !== null);
  while (!(await isShown(app))) await wait(10);
  const seconds = soFar();
  if (first) await page.evaluate(setUp, CSRF_HEADER);
  // The blank one has neither.
  await see(() => document.querySelector('nav') === null || document.querySelector('nav [data-online]') !== null);
  await see(() => document.querySelector('[role=status][aria-busy]') === null);
  const liveSeconds = soFar();
  if (rests) await wait(REST_MS);
  const memory = rests ? await proportionalMemory(app) : 0;
  await app.close();
  return { seconds, liveSeconds, memory };
}

/** Runs in the page: later starts show the dashboard. */
async function setUp(csrfHeader: string): Promise<void> {
  const body = JSON.stringify({ role: 'alone', complete: true });
  const headers = { 'content-type': 'application/json', [csrfHeader]: '1' };
  const answer = await fetch('/api/rpc/setup.set', { method: 'POST', headers, body });
  if (!answer.ok) throw new Error(`setup.set: ${answer.status} ${await answer.text()}`);
}

/** PSS of proc(5) over all processes of a program. */
async function proportionalMemory(app: ElectronApplication): Promise<number> {
  const pids = await app.evaluate(({ app: program }) => program.getAppMetrics().map(({ pid }) => pid));
  const kilobytes = pids.map((pid) =>
    Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0),
  );
  return 1024 * kilobytes.reduce((sum, one) => sum + one, 0);
}

function blankApp(folder: string): string {
  const app = path.join(folder, 'blank');
  mkdirSync(app);
  writeFileSync(path.join(app, 'package.json'), '{ "name": "blank", "type": "module", "main": "main.js" }');
  writeFileSync(path.join(app, 'main.js'), BLANK);
  return app;
}
