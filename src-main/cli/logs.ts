import path from 'node:path';
import { Command } from 'commander';
import type { JobLog } from '../../src-shared/contract/index.ts';
import type { LogLine } from '../../src-shared/contract/log-line.ts';
import { formatDuration } from '../../src-shared/text/format.ts';
import { Fault } from '../../src-shared/util/errors.ts';
import { endsOfLog, followLog, readLog } from '../log/log-files.ts';
import { dataPaths } from '../platform/data-paths.ts';
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
      'show the log of this computer, or of one job: its attempts, ffmpeg commands and output, and log lines',
    )
    .argument('[job]', "a job's number, as shown in the log, or the path of its video")
    .option('-f, --follow', 'follow new lines')
    .option('-n, --lines <number>', 'number of existing lines to start with', '100')
    .option('--json', 'as JSON')
    .action(showLogs);
  return addDataOption(command);
}

async function showLogs(job: string | undefined, options: LogsOptions): Promise<void> {
  if (!/^\d+$/.test(options.lines)) throw new Fault('usage', `"${options.lines}" isn't a number of lines.`);
  const folder = dataPaths(options.data).logs;
  const show = (line: LogLine) => (options.json ? printJson(line) : print(inWords(line)));
  const ends = endsOfLog(folder);
  let only: number | undefined;
  let shown: LogLine[];
  if (job === undefined) {
    shown = await readLog(folder, { limit: Number(options.lines) });
    for (const line of shown) show(line);
  } else {
    const wanted = /^\d+$/.test(job) ? { job: Number(job) } : { path: path.resolve(job) };
    const story = await withMaster(options.data, (call) => call('job.log', wanted));
    [only, shown] = [story.job, story.lines];
    if (options.json) printJson(story);
    else for (const text of formatTimeline(story, Number(options.lines))) print(text);
  }
  if (job === undefined && ends.size === 0)
    printAside(`There is no log in ${folder} yet; flotilla serve and flotilla worker write it.`);
  if (!options.follow) return;
  const [end, over] = [listenForEnd(), new AbortController()];
  end.asked.then(() => over.abort());
  // Written while the log was read.
  const known = new Set(shown.map((line) => JSON.stringify(line)));
  const isNew = (line: LogLine) => (only === undefined || line.job === only) && !known.has(JSON.stringify(line));
  await followLog(folder, ends, (line) => isNew(line) && show(line), over.signal);
  end.release();
}

const at = (time: number) => new Date(time).toLocaleString('sv-SE');

function inWords({ time, level, msg }: LogLine): string {
  return `${at(time)}  ${LEVELS[level] ?? ''}${msg}`;
}

/** A job in the order that people read: its outcome, each attempt, and the log. */
function* formatTimeline({ job, file, path: video, attempts, lines }: JobLog, most: number): Generator<string> {
  yield `Job ${job}: ${video}`;
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
  yield lines.length > 0 ? 'Log' : 'The log has no lines about this job anymore.';
  for (const line of lines.slice(-most)) yield inWords(line);
}
