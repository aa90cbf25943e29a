/**
 * Kills this process at a named point, as a power cut would, when FLOTILLA_FAULT names it: how the crash tests reach every
 * step of a replacement. `name@2` waits for the second passage.
 */
export function faultPoint(name: string): void {
  const [wanted, passages = '1'] = (process.env.FLOTILLA_FAULT ?? '').split('@');
  if (wanted !== name) return;
  passed += 1;
  if (passed === Number(passages)) process.kill(process.pid, 'SIGKILL');
}

let passed = 0;

/**
 * How long heartbeats and leases take, and how soon a worker at fault is tried again, where FLOTILLA_TERMS says it
 * (`beat,suspect,expire,retry` in ms): tests of whole fleets have no five minutes to wait.
 */
export function shortTerms(): { beat: number; suspect: number; expire: number; retryMs: number } | undefined {
  const [beat, suspect, expire, retryMs] = (process.env.FLOTILLA_TERMS ?? '').split(',').map(Number);
  return beat && suspect && expire && retryMs ? { beat, suspect, expire, retryMs } : undefined;
}
