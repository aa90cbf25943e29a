/**
 * npm run bench [-- NAME... --seed N --videos N --workers N --clips N --seconds N --preset N --rounds N --from N --to N]: measures this build on this computer, each number against its goal. The result is one JSON
 * object on stdout. Goals are ratios within one run wherever that is possible, so that they hold on any computer.
 */
import os from 'node:os';
import { parseArgs } from 'node:util';
import { availableProcessors } from '../../platform/processors.ts';
import { check } from './check.ts';
import { chunkFleet } from './chunk-fleet.ts';
import { chunks } from './chunks.ts';
import { convert } from './convert.ts';
import { claim, database } from './database.ts';
import { desktop } from './desktop.ts';
import { idle } from './idle.ts';
import { interfaceBench } from './interface.ts';
import { lists } from './lists.ts';
import { loop } from './loop.ts';
import { type Bench, type Report, say, withFolder } from './measure.ts';
import { pages } from './pages.ts';
import { presets } from './presets.ts';
import { quality } from './quality.ts';
import { scaling } from './scaling.ts';
import { scan } from './scan.ts';
import { soak } from './soak/soak.ts';
import { transfer } from './transfer.ts';
import { varianceBoost } from './variance-boost.ts';

const BENCHES: Record<string, Bench> = {
  convert,
  check,
  chunks,
  'chunk-fleet': chunkFleet,
  scan,
  database,
  claim,
  lists,
  loop,
  transfer,
  idle,
  scaling,
  interface: interfaceBench,
  pages,
  desktop,
  presets,
  'variance-boost': varianceBoost,
  quality,
  soak,
};

const OPTIONS = ['seed', 'videos', 'workers', 'clips', 'seconds', 'preset', 'rounds', 'from', 'to'];
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: Object.fromEntries(OPTIONS.map((name) => [name, { type: 'string' } as const])),
});
const options = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Number(value)]));
// Those that take hours run when they are asked for.
const LONG = new Set(['chunks', 'presets', 'variance-boost', 'quality', 'soak']);
const names = positionals.length > 0 ? positionals : Object.keys(BENCHES).filter((name) => !LONG.has(name));
const unknown = names.filter((name) => !Object.hasOwn(BENCHES, name));
if (unknown.length > 0) {
  say(`There is no bench called ${unknown.join(', ')}; there are ${Object.keys(BENCHES).join(', ')}.`);
  process.exit(2);
}

const benches: Record<string, Report> = {};
for (const name of names) {
  say(`running ${name}`);
  benches[name] = await withFolder((folder) => (BENCHES[name] as Bench)(folder, options));
}
const [cpu] = os.cpus();
const computer = { cpu: cpu?.model.trim(), cores: availableProcessors(), memoryBytes: os.totalmem() };
const software = { node: process.version, system: `${os.type()} ${os.release()}` };
process.stdout.write(`${JSON.stringify({ computer, software, benches }, null, 2)}\n`);
