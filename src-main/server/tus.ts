import { AsyncLocalStorage } from 'node:async_hooks';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { FileStore } from '@tus/file-store';
import { ERRORS, Server } from '@tus/server';
import type { Traffic } from './traffic.ts';

/** Bytes of an upload that may wait for the disk. */
const WRITE_AHEAD = 4 * 1024 * 1024;

/** Answers a request; `asked` is the same without its body, which tus is not to touch. */
export type Tus = (request: IncomingMessage, asked: Request) => Promise<Response>;

/** The requests whose bodies are being stored. */
const bodies = new AsyncLocalStorage<IncomingMessage>();

/** Keeps uploads as tus does, but takes the bytes from the request itself and tells faults of the disk as they are. */
class UploadStore extends FileStore {
  readonly #traffic: Traffic;

  constructor(directory: string, traffic: Traffic) {
    super({ directory });
    this.#traffic = traffic;
  }

  override async write(nothing: Readable, id: string, offset: number): Promise<number> {
    nothing.resume();
    const request = bodies.getStore();
    if (request?.method !== 'PATCH') return offset;
    const options = { flags: 'r+', start: offset, highWaterMark: WRITE_AHEAD };
    const file = createWriteStream(path.join(this.directory, id), options);
    const over = this.#traffic.follow('received', () => file.bytesWritten);
    try {
      await pipeline(request, file);
    } catch (error) {
      throw request.complete ? error : ERRORS.ABORTED;
    } finally {
      over();
    }
    return offset + file.bytesWritten;
  }
}

/**
 * The server side of tus: takes uploads in, each into the file of its name.
 * @param directory is made where it is missing
 */
export async function makeTus(directory: string, traffic: Traffic): Promise<Tus> {
  // The store makes it too, but in its constructor, where nobody would hear of a failure.
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
