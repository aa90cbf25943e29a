import { once } from 'node:events';
import { open, stat } from 'node:fs/promises';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { type Agent, request as openRequest } from 'node:https';
import { text } from 'node:stream/consumers';
import { type DetailedError, type HttpRequest, type HttpResponse, Upload } from 'tus-js-client';
import type { Bandwidth } from './bandwidth.ts';
import { faultIn, IDLE_MS, idleError } from './retry.ts';

/** Read and sent at a time, in bytes. */
const PIECE = 512 * 1024;

/** What is uploaded, and how. */
export interface UploadRequest {
  /** Of the upload itself, whether it exists already or not. */
  url: string;
  agent: Agent;
  file: string;
  bandwidth: Bandwidth;
  signal: AbortSignal;
  /** Told how many bytes are sent, of how many. */
  onProgress: (bytes: number, size: number) => void;
}

/**
 * Uploads a file over one connection, by tus: it goes on where an earlier call stopped, also one of before a restart of
 * either side.
 * @throws Fault with the master's sentence when it refuses
 * @throws Error of the network, to be called again
 */
export async function uploadFile({ url, agent, file, bandwidth, signal, onProgress }: UploadRequest): Promise<void> {
  const { size } = await stat(file);
  const done = Promise.withResolvers<void>();
  const upload = new Upload(NO_FILE, {
    endpoint: url,
    uploadUrl: url,
    httpStack: {
      createRequest: (method, address) => new FileRequest(method, address, agent, bandwidth),
      getName: () => 'FileRequest',
    },
    fileReader: {
      openFile: async () => ({
        size,
        slice: async (start, end) => ({
          value: { file, start, size: end - start } satisfies Slice,
          done: end >= size,
        }),
        close: () => undefined,
      }),
    },
    retryDelays: null,
    storeFingerprintForResuming: false,
    onProgress: (bytes) => onProgress(bytes, size),
    onSuccess: () => done.resolve(),
    onError: (error) => done.reject(causeOf(error)),
  });
  const abort = () => done.reject(signal.reason);
  signal.addEventListener('abort', abort);
  try {
    signal.throwIfAborted();
    upload.start();
    await done.promise;
  } finally {
    signal.removeEventListener('abort', abort);
    await upload.abort();
  }
}

/** The slices of the reader are all that is sent. */
const NO_FILE = Buffer.alloc(0);

/** What kept an upload from going on: the master's refusal, or the error of the network. */
function causeOf(error: Error | DetailedError): Error {
  if (!('originalResponse' in error)) return error;
  const { originalResponse: answer, causingError } = error;
  if (answer) return faultIn(answer.getStatus(), answer.getBody());
  return causingError ?? error;
}

/** A part of a file as the body of a request; tus reads its size. */
interface Slice {
  file: string;
  start: number;
  size: number;
}

/**
 * A request of tus whose body is read into the same two buffers again and again: streams would make a new one for each
 * piece, and clearing those up would cost as much as encrypting them.
 */
class FileRequest implements HttpRequest {
  readonly #method: string;
  readonly #url: string;
  readonly #agent: Agent;
  readonly #bandwidth: Bandwidth;
  readonly #headers: Record<string, string> = {};
  #onProgress: (bytes: number) => void = () => undefined;
  #request: ClientRequest | undefined;

  constructor(method: string, url: string, agent: Agent, bandwidth: Bandwidth) {
    this.#method = method;
    this.#url = url;
    this.#agent = agent;
    this.#bandwidth = bandwidth;
  }

  getMethod(): string {
    return this.#method;
  }

  getURL(): string {
    return this.#url;
  }

  setHeader(name: string, value: string): void {
    this.#headers[name] = value;
  }

  getHeader(name: string): string | undefined {
    return this.#headers[name];
  }

  setProgressHandler(onProgress: (bytes: number) => void): void {
    this.#onProgress = onProgress;
  }

  getUnderlyingObject(): ClientRequest | undefined {
    return this.#request;
  }

  async abort(): Promise<void> {
    this.#request?.destroy();
  }

  async send(slice: Slice | null | undefined): Promise<HttpResponse> {
    const headers = { ...this.#headers, ...(slice && { 'Content-Length': slice.size }) };
    const request = openRequest(this.#url, { method: this.#method, agent: this.#agent, headers });
    this.#request = request;
    request.setTimeout(IDLE_MS, () => request.destroy(idleError()));
    const answered = once(request, 'response') as Promise<[IncomingMessage]>;
    if (slice) {
      // A refusal may come before the body has gone; then the rest of it stays here.
      const sending = this.#send(slice, request).catch((error) => request.destroy(error));
      await Promise.race([sending, answered]);
    } else {
      request.end();
    }
    const [answer] = await answered;
    const body = await text(answer);
    return {
      getStatus: () => answer.statusCode ?? 0,
      getHeader: (name) => answer.headers[name.toLowerCase()]?.toString(),
      getBody: () => body,
      getUnderlyingObject: () => answer,
    };
  }

  async #send({ file, start, size }: Slice, request: ClientRequest): Promise<void> {
    const end = start + size;
    const handle = await open(file);
    try {
      let [filling, going] = [Buffer.allocUnsafeSlow(PIECE), Buffer.allocUnsafeSlow(PIECE)];
      let gone = Promise.resolve();
      for (let position = start; position < end && !request.destroyed; ) {
        // A request whose first bytes are long in coming would find its connection closed.
        const wanted = Math.min(PIECE, this.#bandwidth.slice, end - position);
        await this.#bandwidth.take(wanted);
        const { bytesRead } = await handle.read(filling, 0, wanted, position);
        if (bytesRead === 0) throw new Error(`${file} became shorter while it was uploaded.`);
        await gone;
        gone = write(request, filling.subarray(0, bytesRead));
        [filling, going] = [going, filling];
        position += bytesRead;
        this.#onProgress(position - start);
      }
      await gone;
      request.end();
    } finally {
      await handle.close();
    }
  }
}

/** Resolves when the bytes have gone, so that their buffer is free again. */
function write(request: ClientRequest, bytes: Buffer): Promise<void> {
  const gone = new Promise<void>((resolve, reject) => {
    request.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
  // It is looked at when the next piece has been read.
  gone.catch(() => undefined);
  return gone;
}
