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
