import type { Agent } from 'node:https';
import { connect, type TLSSocket } from 'node:tls';
import { DoubleBuffer, MAX_PIECE_BYTES } from '../../fs/double-buffer.ts';
import { IDLE_MS, idleError } from './retry.ts';

/** No head of an answer is longer, in bytes. */
const MAX_HEAD_BYTES = 64 * 1024;

/** An answer over HTTP, its body still to come. */
export interface Answer {
  status: number;
  /** By lower-case name. */
  headers: Map<string, string>;
  /** Pieces of the body; each is good until the next one is asked for. */
  body: AsyncGenerator<Buffer, void>;
  close: () => void;
}

/**
 * Requests a large file over HTTP/1.1 and reads it into the same two buffers: node:https would allocate one for each TLS
 * record of 16 KiB, which more than doubles the processor time, mostly for garbage collection.
 * @param agent provides the certificates
 * @throws Error of the network
 */
export async function httpGet(
  url: string,
  {
    agent,
    headers,
    method,
    signal,
  }: { agent: Agent; headers: Record<string, string>; method: string; signal: AbortSignal },
): Promise<Answer> {
  const { hostname, port, host, pathname, search } = new URL(url);
  const inflow = new TlsReader(agent, hostname.replace(/^\[|\]$/g, ''), Number(port || 443), signal);
  const lines = [`${method} ${pathname}${search} HTTP/1.1`, `Host: ${host}`, 'Connection: close'];
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  inflow.send(`${lines.join('\r\n')}\r\n\r\n`);
  try {
    const { head, rest } = await readHead(inflow);
    const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(head) ?? [];
    const fields = new Map(
      head
        .split('\r\n')
        .slice(1)
        .map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
    );
    const length = method === 'HEAD' ? 0 : Number(fields.get('content-length'));
    if (!status || !Number.isSafeInteger(length)) throw cutError("what answers there isn't Flotilla");
    return {
      status: Number(status),
      headers: fields,
      body: readBody(inflow, rest, length),
      close: () => inflow.close(),
    };
  } catch (error) {
    inflow.close();
    throw error;
  }
}

async function readHead(inflow: TlsReader): Promise<{ head: string; rest: Buffer }> {
  let text = Buffer.alloc(0);
  for (;;) {
    text = Buffer.concat([text, await inflow.next()]);
    const end = text.indexOf('\r\n\r\n');
    if (end >= 0) return { head: text.toString('latin1', 0, end), rest: text.subarray(end + 4) };
    if (text.length > MAX_HEAD_BYTES) throw cutError("what answers there isn't Flotilla");
  }
}

async function* readBody(inflow: TlsReader, rest: Buffer, length: number): AsyncGenerator<Buffer, void> {
  try {
    let left = length;
    for (let piece = rest; ; piece = await inflow.next()) {
      const wanted = piece.subarray(0, left);
      left -= wanted.length;
      if (wanted.length > 0) yield wanted;
      if (left === 0) return;
    }
  } finally {
    inflow.close();
  }
}

function cutError(message: string): Error {
  return Object.assign(new Error(message), { code: 'ECONNRESET' });
}

/** The bytes that come over a TLS connection. */
class TlsReader {
  readonly #socket: TLSSocket;
  readonly #buffer = new DoubleBuffer(() => this.#resume());
  readonly #forget: () => void;

  constructor(agent: Agent, host: string, port: number, signal: AbortSignal) {
    const onread = {
      buffer: Buffer.allocUnsafeSlow(MAX_PIECE_BYTES),
      callback: (bytes: number, buffer: Uint8Array) => this.#take(buffer.subarray(0, bytes)),
    };
    // Missing in the types of tls.connect, which hands it on to the socket as net.connect does.
    this.#socket = connect({ ...agent.options, host, port, ...{ onread } });
    this.#socket.setTimeout(IDLE_MS, () => this.#socket.destroy(idleError()));
    this.#socket.on('error', (error) => this.#buffer.end(error));
    this.#socket.on('close', () => this.#buffer.end(cutError('the connection was cut')));
    const abort = () => this.#socket.destroy(signal.reason);
    signal.addEventListener('abort', abort);
    this.#forget = () => signal.removeEventListener('abort', abort);
    if (signal.aborted) abort();
  }

  send(text: string): void {
    this.#socket.write(text);
  }

  close(): void {
    this.#forget();
    this.#socket.destroy();
  }

  /** All that has come, at least a byte; good until the next call. @throws what ended the connection */
  async next(): Promise<Buffer> {
    const bytes = await this.#buffer.next();
    if (!bytes) throw cutError('the connection was cut');
    return bytes;
  }

  /** @returns false when it has to wait */
  #take(bytes: Uint8Array): boolean {
    const more = this.#buffer.put(bytes);
    // That we do not read is no silence of the other side.
    if (!more) this.#socket.setTimeout(0);
    return more;
  }

  #resume(): void {
    this.#socket.setTimeout(IDLE_MS);
    this.#socket.resume();
  }
}
