import { readFile } from 'node:fs/promises';
import { execa } from 'execa';

/** Clock ticks a second in /proc, the same on every Linux that Node runs on (sysconf(_SC_CLK_TCK)). */
const TICKS = 100;

/** Processor time used by a process. */
export interface CpuTime {
  /** Processor seconds of all its threads. */
  seconds: number;
  /** It was stopped from outside (SIGSTOP); false where that is unknown. */
  stopped: boolean;
}

/** @returns undefined if the system doesn't report it, or the process is gone */
export async function cpuTime(pid: number): Promise<CpuTime | undefined> {
  try {
    if (process.platform === 'linux') {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
      // Behind the name, which may hold anything: the state is field 3, user and system time are 14 and 15 (proc_pid_stat(5)).
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const seconds = (Number(fields[11]) + Number(fields[12])) / TICKS;
      return { seconds, stopped: fields[0] === 'T' || fields[0] === 't' };
    }
    const [command, ...args] =
      process.platform === 'win32'
        ? ['powershell', '-NoProfile', '-Command', `(Get-Process -Id ${pid}).TotalProcessorTime.TotalSeconds`]
        : ['ps', '-o', 'time=', '-p', String(pid)];
    const { stdout } = await execa(command as string, args, { timeout: 10_000 });
    // ps says [[days-]hours:]minutes:seconds, PowerShell a number that may have a comma.
    const seconds = stdout.trim().replace(',', '.').split(/[-:]/).reverse();
    const units = [1, 60, 3600, 86_400];
    return { seconds: seconds.reduce((sum, part, i) => sum + Number(part) * (units[i] ?? 0), 0), stopped: false };
  } catch {
    return undefined;
  }
}
