import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { Agent } from 'node:https';
import type { ByteRange } from '../../../src-shared/util/byte-ranges.ts';
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
  /** Destination; without a range, existing content is taken for its beginning. */
  file: string;
  /** Bytes to fetch to their own place in the destination, which isn't touched elsewhere; undefined for the whole. */
  range?: ByteRange | undefined;
  bandwidth: Bandwidth;
  signal: AbortSignal;
  /** Called with the position up to which all is fetched, in the file. */
  onProgress: (position: number) => void;
}

/**
 * Fetches a file or a range of it over as many connections as it takes: after an interruption it resumes at the byte where it stopped.
 * @throws Fault `fenced` when the master has ended the lease, also because the file changed
 * @throws Error when the master can't read the file to its end
 */
export async function downloadFile(options: FetchRequest): Promise<void> {
  const { size, file, range, signal } = options;
  const [start, end] = range ?? [await sizeOf(file), size];
  let position = start <= end ? start : 0;
  const onProgress = (reached: number) => {
    position = reached;
    options.onProgress(reached);
  };
  let fruitless = 0;
  await retryWhileLeased(signal, async () => {
    const before = position;
    if (before === end) return;
    const answer = await ask(options, 'GET', [before, end]);
    try {
      await save(answer, { ...options, onProgress }, [before, end]);
    } catch (error) {
      fruitless = position > before ? 0 : fruitless + 1;
      if (fruitless < FRUITLESS) throw error;
      throw new Error(`The master can't read the video beyond byte ${before}; check the disk that it lies on.`);
    } finally {
      answer.close();
    }
  });
  // It may have changed while its last bytes came.
  await retryWhileLeased(signal, async () => (await ask(options, 'HEAD')).close());
}

/** The master's answer, when it is a good one for the version that is wanted. */
async function ask(
  { url, agent, etag, signal, size }: FetchRequest,
  method: string,
  [from, to]: ByteRange = [0, size],
): Promise<Answer> {
  const isPart = from > 0 || to < size;
  const headers: Record<string, string> = isPart ? { range: `bytes=${from}-${to - 1}`, 'if-range': etag } : {};
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

async function save(
  { headers, body }: Answer,
  { file, size, range, bandwidth, onProgress }: FetchRequest,
  [from, to]: ByteRange,
): Promise<void> {
  const start = Number(/^bytes (\d+)-/.exec(headers.get('content-range') ?? '')?.[1] ?? 0);
  if (range && start !== from) throw new Error(`The master sent a video from byte ${start} instead of ${from}.`);
  const handle = await open(file, range || start > 0 ? constants.O_RDWR | constants.O_CREAT : 'w');
  try {
    let position = start;
    for await (const piece of body) {
      await bandwidth.take(piece.length);
      await writeAll(handle, piece, position);
      position += piece.length;
      onProgress(position);
    }
    if (position !== to) throw new Error(`The master sent ${position} bytes of a video of ${size} instead of ${to}.`);
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
