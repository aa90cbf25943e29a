import { execFileSync } from 'node:child_process';
import path from 'node:path';

/** Builds once before all tests, so that they can start out/main/headless.js. */
export default function setup(): void {
  execFileSync(process.execPath, [path.join(import.meta.dirname, 'setup.mjs'), '--build'], { stdio: 'inherit' });
}
