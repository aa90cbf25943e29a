import { open, stat } from 'node:fs/promises';
import type { Agent } from 'node:https';
import { Fault } from '../../src-shared/errors.ts';
import { writeAll } from '../write-all.ts';
import type { Bandwidth } from './bandwidth.ts';
import { type Answer, openGet } from './inflow.ts';
import { faultIn, persist } from './retry.ts';

/** After so many answers in a row without a byte, it is not the network that keeps the rest back. */
const FRUITLESS = 5;

/** What is fetched, and how. */
export interface FetchRequest {
  url: string;
  agent: Agent;
  /** Strong validator: of another version no byte is taken. */
  etag: string;
  /** Of the whole, in bytes. */
  size: number;
  /** Where it goes; what is there already is taken for its beginning. */
  file: string;
  bandwidth: Bandwidth;
  signal: AbortSignal;
  /** Told how many bytes are there. */
  onProgress: (bytes: number) => void;
}

/**
 * Fetches a file over as many connections as it takes: after a cut it goes on at the byte where it stopped.
 * @throws Fault `fenced` when the master has ended the lease, also because the file changed
 * @throws Error when the master cannot read the file to its end
 */
export async function fetchFile(options: FetchRequest): Promise<void> {
  const { size, file, signal } = options;
  let fruitless = 0;
  await persist(signal, async () => {
    const before = await sizeOf(file);
    if (before === size) return;
    const answer = await ask(options, 'GET', before < size ? before : 0);
    try {
      await save(answer, options);
    } catch (error) {
      fruitless = (await sizeOf(file)) > before ? 0 : fruitless + 1;
      if (fruitless < FRUITLESS) throw error;
      throw new Error(`The master cannot read the film beyond byte ${before}; check the disk that it lies on.`);
    } finally {
      answer.close();
    }
  });
  // It may have changed while its last bytes came.
  await persist(signal, async () => (await ask(options, 'HEAD', 0)).close());
}

/** The master's answer, when it is a good one for the version that is wanted. */
async function ask({ url, agent, etag, signal }: FetchRequest, method: string, from: number): Promise<Answer> {
  const headers: Record<string, string> = from > 0 ? { range: `bytes=${from}-`, 'if-range': etag } : {};
  const answer = await openGet(url, { agent, headers, method, signal });
  try {
    if (answer.status !== 200 && answer.status !== 206) throw faultIn(answer.status, await textOf(answer));
    if (answer.headers.get('etag') === etag) return answer;
    throw new Fault('fenced', 'The film was changed on the master while it was fetched.');
  } catch (error) {
    answer.close();
    throw error;
  }
}

async function textOf({ body }: Answer): Promise<string> {
  let text = '';
  for await (const piece of body) text += piece.toString();
  return text;
}

async function save({ headers, body }: Answer, { file, size, bandwidth, onProgress }: FetchRequest): Promise<void> {
  const start = Number(/^bytes (\d+)-/.exec(headers.get('content-range') ?? '')?.[1] ?? 0);
  const handle = await open(file, start > 0 ? 'r+' : 'w');
  try {
    let position = start;
    for await (const piece of body) {
      await bandwidth.take(piece.length);
      await writeAll(handle, piece, position);
      position += piece.length;
      onProgress(position);
    }
    if (position !== size) throw new Error(`The master sent ${position} bytes of a film of ${size}.`);
  } finally {
    await handle.close();
  }
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}
