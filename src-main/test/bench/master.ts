import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { whenLeading } from '../support/instance.ts';
import { FLOTILLA } from './measure.ts';

/** A master that runs. */
interface RunningMaster {
  pid: number;
  /** Of the interface. */
  url: string;
  /** For workers. */
  port: string;
  stop: (signal?: NodeJS.Signals) => Promise<unknown>;
}

/** Starts a master on free ports; `under` is a command that becomes the program, such as `taskset`. */
export async function startMaster(
  data: string,
  more: string[] = [],
  under: string[] = [],
  env: NodeJS.ProcessEnv = process.env,
): Promise<RunningMaster> {
  const serve = [FLOTILLA, 'serve', '--data', data, '--port', '0', '--lead', '--lan-port', '0', ...more];
  const [command, ...args] = [...under, process.execPath, ...serve] as [string, ...string[]];
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], env });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-2000);
  });
  const end = async () => {
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    return errors;
  };
  const { pid, url, lanPort } = await whenLeading({ pid: child.pid ?? 0, end }, data);
  const stop = (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal);
    return end();
  };
  return { pid, url, port: String(lanPort), stop };
}
