import { Command } from 'commander';
import type { WorkerView } from '../../src-shared/contract.ts';
import { count } from '../../src-shared/format.ts';
import type { WorkerState } from '../../src-shared/worker-info.ts';
import { withMaster } from './connect.ts';
import { addDataOption, type CommonOptions } from './options.ts';

const print = (line: string) => process.stdout.write(`${line}\n`);

/** The interface's words. */
const STATES: Record<WorkerState, string> = {
  idle: 'Idle',
  working: 'Working',
  paused: 'Paused',
  waiting: 'Waiting for you',
  suspect: 'Unreachable',
  offline: 'Offline',
};

function inWords({ name, local, state, problem, running, done, failed, mode }: WorkerView): string {
  const facts = [
    local && 'this computer',
    running.length > 0 && running.map(({ path, progress }) => `${path} (${progress.stage})`).join(', '),
    `${count(done, 'film')} done, ${failed} failed`,
    mode === 'draining' && 'gets no more work',
  ].filter(Boolean);
  return `${name}  ${STATES[state]}  ${facts.join('; ')}${problem ? `\n    ${problem}` : ''}`;
}

/** `flotilla workers` */
export function workersCommand(): Command {
  const list = new Command('list')
    .description('all workers, and what each is doing')
    .option('--json', 'as JSON')
    .action(async (options: CommonOptions & { json?: true }) => {
      const views = await withMaster(options.data, (call) => call('worker.list', {}));
      if (options.json) return void print(JSON.stringify(views));
      for (const view of views) print(inWords(view));
    });
  const act = (verb: 'pause' | 'resume' | 'drain' | 'remove', description: string, said: string) =>
    new Command(verb)
      .description(description)
      .argument('<name>', 'as workers list shows it')
      .action(async (worker: string, options: CommonOptions) => {
        await withMaster(options.data, (call) => call(`worker.${verb}`, { worker }));
        print(`${worker} ${said}`);
      });
  const workers = new Command('workers').description('the computers that work for this one');
  for (const command of [
    list,
    act('pause', 'give a worker no more work', 'is paused.'),
    act('resume', 'give a worker work again', 'is given work again.'),
    act('drain', 'let a worker finish what it holds and give it no more', 'gets no more work.'),
    act('remove', 'forget a worker: what it works on goes to others at once', 'was removed.'),
  ]) {
    workers.addCommand(addDataOption(command));
  }
  return workers;
}
