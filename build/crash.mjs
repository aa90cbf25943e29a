// npm run test:crash [-- N]: kills a converting Flotilla at every fault point and at N random moments; with --fleet, a master and
// workers that encode one video together, at N random moments.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureReady, fail, NODE } from './setup.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const given = process.argv.slice(2);
const file = given.includes('--fleet') ? 'shared-video-crash.test.ts' : 'crash.test.ts';
const [rounds = '100', ...rest] = given.filter((word) => word !== '--fleet');
if (rest.length > 0 || !/^[1-9]\d*$/.test(rounds)) {
  fail('test:crash takes the number of random kills, and --fleet: npm run test:crash -- 300');
}
ensureReady({ tools: ['ffmpeg'] });
const vitest = path.join(root, 'node_modules', 'vitest', 'vitest.mjs');
const { status } = spawnSync(NODE, [vitest, 'run', '--config', 'build/vitest.config.ts', `src-main/test/${file}`], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, CRASH_ROUNDS: rounds },
});
process.exit(status ?? 1);
