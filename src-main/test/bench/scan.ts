import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { type Bench, measured, median, say, timed } from './measure.ts';
import { FILES, makeTree, serverWithTree } from './tree.ts';

const REPETITIONS = 5;
const FIRST_GOAL = 5;
const RESCAN_GOAL = 3;

/** First and unchanged scan of 100,000 files against find(1) reading the same facts; all with warm caches. */
export const scan: Bench = async (folder) => {
  const tree = makeTree();
  const find = () => execFileSync('find', [tree, '-type', 'f', '-printf', '%p %s %T@ %i\n'], { stdio: 'ignore' });
  find();
  const times = { find: [] as number[], first: [] as number[], rescan: [] as number[] };
  for (let i = 0; i < REPETITIONS; i++) {
    say(`scan ${i + 1}/${REPETITIONS}`);
    const { scan, stop } = await serverWithTree(path.join(folder, String(i)));
    times.find.push(await timed(find));
    times.first.push(await timed(scan));
    // While this one runs, what the first one stored is still being written back from the log.
    await scan();
    times.rescan.push(await timed(scan));
    await stop();
  }
  const [base, first, rescan] = [median(times.find), median(times.first), median(times.rescan)];
  return {
    files: measured(FILES, 'files'),
    find: measured(base, 's'),
    first: measured(first, 's'),
    firstRatio: measured(first / base, '× find', FIRST_GOAL),
    rescan: measured(rescan, 's'),
    rescanRatio: measured(rescan / base, '× find', RESCAN_GOAL),
  };
};
