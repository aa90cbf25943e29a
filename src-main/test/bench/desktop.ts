import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { _electron, type ElectronApplication } from 'playwright-core';
import { ELECTRON, ensureDisplay, NO_ELECTRON, programFolder, SANDBOX_FLAGS } from '../electron.ts';
import { type Bench, measured, median } from './measure.ts';

/** Starts of each kind; the median counts. */
const STARTS = 5;
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

/** What the desktop program takes over a blank window of the same Electron: time to a usable page, and memory at rest. */
export const desktop: Bench = async (folder) => {
  if (!ELECTRON) return { skipped: NO_ELECTRON };
  const screen = await ensureDisplay();
  try {
    const [blank, program] = [blankApp(folder), programFolder(ELECTRON, path.join(folder, 'program'))];
    const port = await freePort();
    const kinds = { blank: [] as Start[], flotilla: [] as Start[] };
    // In turns, so that whatever else this computer does meets both; the first of each warms the disk.
    for (let n = 0; n <= STARTS; n += 1) {
      const starts = {
        blank: await start([blank, `--user-data-dir=${path.join(folder, 'blank-data')}`], port, n === STARTS),
        flotilla: await start([program, `--data=${path.join(folder, 'data')}`], port, n === STARTS),
      };
      if (n > 0) for (const kind of ['blank', 'flotilla'] as const) kinds[kind].push(starts[kind]);
    }
    const seconds = (starts: Start[]) => median(starts.map((one) => one.seconds));
    const memory = (starts: Start[]) => (starts.at(-1)?.memory ?? Number.NaN) / 1e6;
    return {
      blankStart: measured(seconds(kinds.blank), 's'),
      start: measured(seconds(kinds.flotilla), 's'),
      startRatio: measured(seconds(kinds.flotilla) / seconds(kinds.blank), 'x', GOALS.start),
      blankMemory: measured(memory(kinds.blank), 'MB'),
      memory: measured(memory(kinds.flotilla), 'MB'),
      memoryMore: measured(memory(kinds.flotilla) - memory(kinds.blank), 'MB', GOALS.memory),
    };
  } finally {
    screen?.kill();
  }
};

interface Start {
  /** From the start of the process to a heading in a window that is shown. */
  seconds: number;
  /** Bytes at rest, shared ones divided by those who share them; 0 where nobody waited for it. */
  memory: number;
}

/** Its port stays the same from one start to the next, as an install's does: the window keeps what it has loaded. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

async function start(args: string[], port: number, rests: boolean): Promise<Start> {
  const began = performance.now();
  const app = await _electron.launch({
    executablePath: ELECTRON as string,
    args: [...SANDBOX_FLAGS, ...args],
    env: { ...(process.env as Record<string, string>), WEB_PORT: String(port) },
  });
  const page = await app.firstWindow();
  // Playwright's own way of waiting looks only every half second in the end.
  await page.waitForFunction(() => document.querySelector('h1') !== null, undefined, { polling: 10 });
  const seconds = (performance.now() - began) / 1000;
  if (rests) await wait(REST_MS);
  const memory = rests ? await proportionalMemory(app) : 0;
  await app.close();
  return { seconds, memory };
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
