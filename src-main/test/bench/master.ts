import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { FLOTILLA } from './measure.ts';

/** A master that runs. */
interface RunningMaster {
  pid: number;
  /** Of the interface. */
  url: string;
  /** Where other computers are awaited. */
  port: string;
  stop: (signal?: NodeJS.Signals) => Promise<unknown>;
}

/** Starts a master on free ports, with further options, under another program where one is named. */
export async function startMaster(
  data: string,
  more: string[] = [],
  under: string[] = [],
  env: NodeJS.ProcessEnv = process.env,
): Promise<RunningMaster> {
  const serve = [FLOTILLA, 'serve', '--data', data, '--port', '0', '--lead', '--lan-port', '0', ...more];
  const [command, ...args] = [...under, process.execPath, ...serve] as [string, ...string[]];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
  let said = '';
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-2000);
  });
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    said += chunk;
    const port = /awaited on port (\d+)/.exec(said)?.[1];
    const url = /http:\/\/[^/\s]+/.exec(said)?.[0];
    if (!port || !url) continue;
    // What it says later must not fill the pipe.
    child.stdout.resume();
    const stop = (signal: NodeJS.Signals = 'SIGTERM') => {
      child.kill(signal);
      return once(child, 'exit');
    };
    return { pid: child.pid ?? 0, url, port, stop };
  }
  throw new Error(`the master did not start: ${said}${errors}`);
}
