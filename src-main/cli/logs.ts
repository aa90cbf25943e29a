import path from 'node:path';
import { Command } from 'commander';
import type { JobLog } from '../../src-shared/contract.ts';
import { Fault } from '../../src-shared/errors.ts';
import { formatDuration } from '../../src-shared/format.ts';
import type { LogLine } from '../../src-shared/log-line.ts';
import { dataPaths } from '../config.ts';
import { endsOfLog, followLog, readLog } from '../log-files.ts';
import { withMaster } from './connect.ts';
import { addDataOption, type CommonOptions } from './options.ts';
import { print, printAside, printJson } from './print.ts';
import { listenForEnd } from './signals.ts';

/** pino's levels, but for the usual one. */
const LEVELS: Record<number, string> = { 10: 'trace ', 20: 'debug ', 30: '', 40: 'warn ', 50: 'ERROR ', 60: 'FATAL ' };

interface LogsOptions extends CommonOptions {
  follow?: true;
  lines: string;
  json?: true;
}

/** `flotilla logs` */
export function logsCommand(): Command {
  const command = new Command('logs')
    .description(
      'the log of this computer, or how one job went: its attempts, what ffmpeg was told and said, its lines',
    )
    .argument('[job]', "a job's number, as lines of the log tell it, or the path of its film")
    .option('-f, --follow', 'go on with what is written from now on')
    .option('-n, --lines <number>', 'lines of the log to begin with, of those there are', '100')
    .option('--json', 'as JSON')
    .action(showLogs);
  return addDataOption(command);
}

async function showLogs(job: string | undefined, options: LogsOptions): Promise<void> {
  if (!/^\d+$/.test(options.lines)) throw new Fault('usage', `"${options.lines}" is no number of lines.`);
  const folder = dataPaths(options.data).logs;
  const tell = (line: LogLine) => (options.json ? printJson(line) : print(inWords(line)));
  const ends = endsOfLog(folder);
  let only: number | undefined;
  let told: LogLine[];
  if (job === undefined) {
    told = await readLog(folder, { limit: Number(options.lines) });
    for (const line of told) tell(line);
  } else {
    const wanted = /^\d+$/.test(job) ? { job: Number(job) } : { path: path.resolve(job) };
    const story = await withMaster(options.data, (call) => call('job.log', wanted));
    [only, told] = [story.job, story.lines];
    if (options.json) printJson(story);
    else for (const text of tellStory(story, Number(options.lines))) print(text);
  }
  if (job === undefined && ends.size === 0)
    printAside(`There is no log in ${folder} yet; flotilla serve and flotilla worker write it.`);
  if (!options.follow) return;
  const [end, over] = [listenForEnd(), new AbortController()];
  end.asked.then(() => over.abort());
  // Written while the log was read.
  const known = new Set(told.map((line) => JSON.stringify(line)));
  const isNew = (line: LogLine) => (only === undefined || line.job === only) && !known.has(JSON.stringify(line));
  await followLog(folder, ends, (line) => isNew(line) && tell(line), over.signal);
  end.release();
}

const at = (time: number) => new Date(time).toLocaleString('sv-SE');

function inWords({ time, level, msg }: LogLine): string {
  return `${at(time)}  ${LEVELS[level] ?? ''}${msg}`;
}

/** A job in the order in which a person wants to know it: what became of it, each attempt, and the log. */
function* tellStory({ job, file, path: film, attempts, lines }: JobLog, most: number): Generator<string> {
  yield `Job ${job}: ${film}`;
  yield `${file.state}${file.reason ? `: ${file.reason}` : ''}`;
  for (const [i, { worker, encoder, startedAt, outcome, reason, stages, log }] of attempts.entries()) {
    const times = Object.entries(stages).map(([stage, seconds]) => `${stage} ${formatDuration(seconds)}`);
    yield '';
    const on = encoder ? `${worker} (${encoder})` : worker;
    yield `Attempt ${i + 1} on ${on}, ${at(startedAt)}: ${outcome ?? 'running'}${reason ? ` (${reason})` : ''}`;
    if (times.length > 0) yield `  ${times.join(', ')}`;
    for (const text of log?.split('\n') ?? []) yield `  ${text}`;
  }
  yield '';
  yield lines.length > 0 ? 'Log' : 'The log holds no line of it any more.';
  for (const line of lines.slice(-most)) yield inWords(line);
}
