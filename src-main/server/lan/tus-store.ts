import { AsyncLocalStorage } from 'node:async_hooks';
import { mkdir, open } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { FileStore } from '@tus/file-store';
import { ERRORS, Server } from '@tus/server';
import { DoubleBuffer } from '../../fs/double-buffer.ts';
import { writeAll } from '../../fs/write-all.ts';
import type { TransferMetrics } from '../metrics/transfer-metrics.ts';

/** Answers a request; `asked` is the same without its body, which tus is not to touch. */
export type Tus = (request: IncomingMessage, asked: Request) => Promise<Response>;

/** The requests whose bodies are being stored. */
const bodies = new AsyncLocalStorage<IncomingMessage>();

/** Keeps uploads as tus does, but takes the bytes from the request itself and tells faults of the disk as they are. */
class UploadStore extends FileStore {
  readonly #traffic: TransferMetrics;

  constructor(directory: string, traffic: TransferMetrics) {
    super({ directory });
    this.#traffic = traffic;
  }

  override async write(nothing: Readable, id: string, offset: number): Promise<number> {
    nothing.resume();
    const request = bodies.getStore();
    if (request?.method !== 'PATCH') return offset;
    let position = offset;
    const over = this.#traffic.follow('received', () => position - offset);
    const file = await open(path.join(this.directory, id), 'r+');
    try {
      for await (const bytes of piecesOf(request)) {
        await writeAll(file, bytes, position);
        position += bytes.length;
      }
    } finally {
      over();
      await file.close();
    }
    return position;
  }
}

/** The body of a request in large pieces, each good until the next one is asked for. @throws tus's word for a cut connection */
async function* piecesOf(request: IncomingMessage): AsyncGenerator<Buffer, void> {
  const buffer = new DoubleBuffer(() => request.resume());
  const take = (bytes: Buffer) => {
    if (!buffer.put(bytes)) request.pause();
    free(bytes);
  };
  const cut = () => buffer.end(ERRORS.ABORTED);
  if (request.destroyed) cut();
  request
    .on('end', () => buffer.end())
    .on('error', cut)
    .on('close', cut)
    .on('data', take);
  try {
    for (let bytes = await buffer.next(); bytes; bytes = await buffer.next()) yield bytes;
  } finally {
    request.off('data', take);
  }
}

/** Gives the memory of a buffer back at once: left to the garbage collector, every 64 MiB of an upload would set that going. */
function free({ buffer, length }: Buffer): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === length) buffer.transfer(0);
}

/**
 * The server side of tus: takes uploads in, each into the file of its name.
 * @param directory is made where it is missing
 */
export async function makeTus(directory: string, traffic: TransferMetrics): Promise<Tus> {
  // The store also creates it, but in its constructor, where a failure would go unnoticed.
  await mkdir(directory, { recursive: true });
  const server = new Server({
    path: '/',
    datastore: new UploadStore(directory, traffic),
    namingFunction: ({ url }) => path.posix.basename(new URL(url).pathname),
    // Relative to the address that was asked.
    generateUrl: (_request, { id }) => id,
    onResponseError: (_request, error) => {
      if ('status_code' in error) return undefined;
      throw error;
    },
  });
  return (request, asked) => bodies.run(request, () => server.handleWeb(asked));
}
