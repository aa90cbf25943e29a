import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { type Agent, request as openRequest } from 'node:https';
import { text } from 'node:stream/consumers';
import { type DetailedError, type HttpRequest, type HttpResponse, Upload } from 'tus-js-client';
import { type Part, sendPart } from '../../fs/send-file-range.ts';
import type { Bandwidth } from './bandwidth.ts';
import { faultIn, IDLE_MS, idleError } from './retry.ts';

/** A file to upload, and how. */
export interface UploadRequest {
  /** Of the upload itself, whether it exists already or not. */
  url: string;
  agent: Agent;
  file: string;
  bandwidth: Bandwidth;
  signal: AbortSignal;
  /** Called with the bytes sent and the total. */
  onProgress: (bytes: number, size: number) => void;
}

/**
 * Uploads a file over one connection by tus: resumes where an earlier call stopped, even before a restart of either side.
 * @throws Fault with the master's sentence when it refuses
 * @throws Error of the network; call it again then
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
          value: { file, start, size: end - start } satisfies Part,
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

/** Returns the cause of a failed upload: the master's refusal, or the error of the network. */
function causeOf(error: Error | DetailedError): Error {
  if (!('originalResponse' in error)) return error;
  const { originalResponse: answer, causingError } = error;
  if (answer) return faultIn(answer.getStatus(), answer.getBody());
  return causingError ?? error;
}

/** A request of tus whose body is a part of a file. */
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

  async send(slice: Part | null | undefined): Promise<HttpResponse> {
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

  async #send(slice: Part, request: ClientRequest): Promise<void> {
    await sendPart(slice, request, { limit: this.#bandwidth, onProgress: this.#onProgress });
    request.end();
  }
}
