import { CSRF_HEADER } from '../../src-shared/contract/csrf-header.ts';
import { Fault } from '../../src-shared/util/errors.ts';
import { BASE } from './base-path.ts';

/**
 * Sends a file to an address of the server, such as `/api/backup`.
 * @throws Fault with the server's sentence when it refuses the file or does not answer
 */
export async function upload(address: string, file: File): Promise<void> {
  const response = await fetch(BASE + address, {
    method: 'POST',
    headers: { [CSRF_HEADER]: '1', 'content-type': 'application/octet-stream' },
    body: file,
  }).catch(() => {
    throw new Fault('node', 'The connection was lost before the file was sent.');
  });
  if (response.ok) return;
  const { code, sentence } = await response.json().catch(() => ({}));
  throw new Fault(code ?? 'node', sentence ?? `The server answered ${response.status}.`);
}
