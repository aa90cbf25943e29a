import { open, stat } from 'node:fs/promises';
import type { Agent } from 'node:https';
import { Fault } from '../../../src-shared/util/errors.ts';
import { writeAll } from '../../fs/write-all.ts';
import type { Bandwidth } from './bandwidth.ts';
import { faultIn, retryWhileLeased } from './retry.ts';
import { type Answer, httpGet } from './tls-reader.ts';

/** Responses in a row without a byte after which the network isn't to blame. */
const FRUITLESS = 5;

/** A file to fetch, and how. */
export interface FetchRequest {
  url: string;
  agent: Agent;
  /** Strong validator: of another version no byte is taken. */
  etag: string;
  /** Of the whole, in bytes. */
  size: number;
  /** Destination; existing content is taken for its beginning. */
  file: string;
  bandwidth: Bandwidth;
  signal: AbortSignal;
  /** Called with the number of bytes fetched so far. */
  onProgress: (bytes: number) => void;
}

/**
 * Fetches a file over as many connections as it takes: after an interruption it resumes at the byte where it stopped.
 * @throws Fault `fenced` when the master has ended the lease, also because the file changed
 * @throws Error when the master can't read the file to its end
 */
export async function downloadFile(options: FetchRequest): Promise<void> {
  const { size, file, signal } = options;
  let fruitless = 0;
  await retryWhileLeased(signal, async () => {
    const before = await sizeOf(file);
    if (before === size) return;
    const answer = await ask(options, 'GET', before < size ? before : 0);
    try {
      await save(answer, options);
    } catch (error) {
      fruitless = (await sizeOf(file)) > before ? 0 : fruitless + 1;
      if (fruitless < FRUITLESS) throw error;
      throw new Error(`The master can't read the video beyond byte ${before}; check the disk that it lies on.`);
    } finally {
      answer.close();
    }
  });
  // It may have changed while its last bytes came.
  await retryWhileLeased(signal, async () => (await ask(options, 'HEAD', 0)).close());
}

/** The master's answer, when it is a good one for the version that is wanted. */
async function ask({ url, agent, etag, signal }: FetchRequest, method: string, from: number): Promise<Answer> {
  const headers: Record<string, string> = from > 0 ? { range: `bytes=${from}-`, 'if-range': etag } : {};
  const answer = await httpGet(url, { agent, headers, method, signal });
  try {
    if (answer.status !== 200 && answer.status !== 206) throw faultIn(answer.status, await textOf(answer));
    if (answer.headers.get('etag') === etag) return answer;
    throw new Fault('fenced', 'The video was changed on the master while it was downloaded.');
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
    if (position !== size) throw new Error(`The master sent ${position} bytes of a video of ${size}.`);
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
