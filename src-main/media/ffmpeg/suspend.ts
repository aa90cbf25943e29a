import { execa } from 'execa';

/** A call of PowerShell that takes longer hangs, in ms. */
const SHELL_MS = 30_000;

const DLL = ['Suspend', 'Resume']
  .map((verb) => `[DllImport("ntdll.dll")] public static extern int Nt${verb}Process(System.IntPtr process);`)
  .join(' ');

/** PowerShell commands run in the order in which they were wanted: a child must not be let go before it is held. */
let turn: Promise<unknown> = Promise.resolve();

function onWindows(pid: number, verb: 'Suspend' | 'Resume'): void {
  const script = `$nt = Add-Type -PassThru -Namespace Flotilla -Name Nt -MemberDefinition '${DLL}'; [void]$nt::Nt${verb}Process((Get-Process -Id ${pid}).Handle)`;
  // Encoded, nothing of it can be taken for quotes.
  const args = ['-NoProfile', '-NonInteractive', '-EncodedCommand', Buffer.from(script, 'utf16le').toString('base64')];
  const run = () =>
    execa('powershell.exe', args, { reject: false, stdio: 'ignore', timeout: SHELL_MS, windowsHide: true });
  turn = turn.then(run, run);
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended on its own.
  }
}

/**
 * Suspends a child process; its memory stays allocated. Windows has no such signal: there, the kernel function that debuggers
 * use is called.
 */
export function suspend(pid: number): void {
  if (process.platform === 'win32') onWindows(pid, 'Suspend');
  else send(pid, 'SIGSTOP');
}

/** Resumes a suspended process. */
export function resume(pid: number): void {
  if (process.platform === 'win32') onWindows(pid, 'Resume');
  else send(pid, 'SIGCONT');
}
