/** What the tests share that need a real Electron. */
import { existsSync } from 'node:fs';
import path from 'node:path';

const PROGRAM = process.platform === 'win32' ? 'electron.exe' : 'electron';

/** The folder of an Electron for Linux: the one named by Electron's own variable, or its package's; undefined without one. */
export const ELECTRON_DIST = [
  process.env.ELECTRON_OVERRIDE_DIST_PATH,
  path.resolve(import.meta.dirname, '../../node_modules/electron/dist'),
].find((folder) => folder && process.platform === 'linux' && existsSync(path.join(folder, PROGRAM)));

/** What a test says that is skipped for want of {@link ELECTRON_DIST}. */
export const NO_ELECTRON = 'needs an Electron for Linux: its own binary, or ELECTRON_OVERRIDE_DIST_PATH';

/** Flags to start one without a screen, also for root. */
export const ELECTRON_FLAGS = ['--no-sandbox', '--ozone-platform=headless', '--disable-gpu', '--log-level=3'];
