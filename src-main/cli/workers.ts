import { Command } from 'commander';
import type { WorkerView } from '../../src-shared/contract/fleet-view.ts';
import { parseRules, RULES_FORM } from '../../src-shared/fleet/availability.ts';
import { parseHours, type WorkerSettings } from '../../src-shared/fleet/worker-info.ts';
import { count } from '../../src-shared/text/format.ts';
import { workerLabel } from '../../src-shared/text/worker-label.ts';
import { Fault } from '../../src-shared/util/errors.ts';
import { withMaster } from './connect.ts';
import { addDataOption, type CommonOptions } from './options.ts';
import { print, printJson } from './print.ts';

function inWords(view: WorkerView): string[] {
  const { name, local, problem, running, helping, done, failed } = view;
  const facts = [
    local && 'this computer',
    running.length > 0 && running.map(({ path, progress }) => `${path} (${progress.stage})`).join(', '),
    helping.length > 0 && helping.map(({ path, worker }) => `helps ${worker} with ${path}`).join(', '),
    `${count(done, 'video')} done, ${failed} failed`,
  ].filter(Boolean);
  return [`${name}  ${workerLabel(view)}  ${facts.join('; ')}`, ...(problem ? [`    ${problem}`] : [])];
}

function rules(text: string): WorkerSettings['rules'] {
  const parsed = parseRules(text === NONE ? [] : text.split(','));
  if (parsed !== undefined) return parsed;
  throw new Fault('usage', `"${text}" isn't a list of rules; write some of ${RULES_FORM}, or always.`);
}

interface SetOptions extends CommonOptions {
  name?: string;
  jobs?: number | null;
  bandwidth?: number | null;
  temp?: string | null;
  hours?: WorkerSettings['schedule'];
  rules?: WorkerSettings['rules'];
}

const NONE = 'none';
const textOrNone = (text: string) => (text === NONE ? null : text);

function numberOrNone(text: string): number | null {
  if (text === NONE) return null;
  if (!/^\d+$/.test(text)) throw new Fault('usage', `"${text}" isn't a whole number; use one, or none.`);
  return Number(text);
}

function hours(text: string): WorkerSettings['schedule'] {
  const schedule = parseHours(text === NONE ? [] : text.split(','));
  if (schedule !== undefined) return schedule;
  throw new Fault('usage', `"${text}" isn't a time range; write 22:00-06:00, or 1-5@18:00-08:00 for Monday to Friday.`);
}

/** `flotilla workers` */
export function workersCommand(): Command {
  const list = new Command('list')
    .description('list workers and what each is doing')
    .option('--json', 'as JSON')
    .action(async (options: CommonOptions & { json?: true }) => {
      const views = await withMaster(options.data, (call) => call('worker.list', {}));
      if (options.json) return void printJson(views);
      for (const view of views) print(...inWords(view));
    });
  const act = (verb: 'pause' | 'resume' | 'drain' | 'remove', description: string, said: string) =>
    new Command(verb)
      .description(description)
      .argument('<name>', 'as workers list shows it')
      .action(async (worker: string, options: CommonOptions) => {
        await withMaster(options.data, (call) => call(`worker.${verb}`, { worker }));
        print(`${worker} ${said}`);
      });
  const set = new Command('set')
    .description('change the limits or the name of a worker; `none` resets a value')
    .argument('<name>', 'as workers list shows it')
    .option('--name <name>', 'new name')
    .option('--jobs <number>', 'videos at a time', numberOrNone)
    .option('--bandwidth <bytes>', 'bytes per second, each way', numberOrNone)
    .option('--temp <dir>', 'folder for unfinished results on the worker', textOrNone)
    .option(
      '--hours <times>',
      'when it takes work, by its own clock: 22:00-06:00 every day, or 1-5@18:00-08:00,6@00:00-00:00 by days, 0 is Sunday',
      hours,
    )
    .option(
      '--rules <list>',
      `when it pauses for its user: some of ${RULES_FORM}, or always; rules that aren't named are off`,
      rules,
    )
    .action(async (worker: string, options: SetOptions) => {
      const { data, name, jobs, bandwidth, temp: tempDir, hours: schedule, rules } = options;
      const given = Object.entries({ jobs, bandwidth, tempDir, schedule, rules }).filter(
        ([, value]) => value !== undefined,
      );
      const changes = { ...(name && { name }), ...(given.length > 0 && { settings: Object.fromEntries(given) }) };
      if (Object.keys(changes).length === 0) throw new Fault('usage', 'Specify what to change; see --help.');
      print(...inWords(await withMaster(data, (call) => call('worker.set', { worker, ...changes }))));
    });
  const workers = new Command('workers').description('manage the computers that work for this one');
  for (const command of [
    list,
    act('pause', 'pause a worker', 'was paused.'),
    act('resume', 'resume a worker', 'was resumed.'),
    act('drain', 'drain a worker: it finishes its jobs and gets no more', 'draining.'),
    set,
    act('remove', 'remove a worker; its jobs are reassigned immediately', 'was removed.'),
  ]) {
    workers.addCommand(addDataOption(command));
  }
  return workers;
}
