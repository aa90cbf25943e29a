import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { isLoopback } from '../../../src-shared/util/loopback.ts';
import { protect, readPage, sendPage } from './index-page.ts';
import { listen, urlOf } from './listen.ts';

/** Where an interface listens. */
export interface Endpoint {
  /** Address to listen on. */
  address: string;
  port: number;
  /** '' or `/path`: prefix of every address of the interface. */
  base: string;
}

/** Whether others may come is not known yet. */
function refuseOthers(socket: Socket): void {
  if (!isLoopback((socket.remoteAddress ?? '').replace(/^::ffff:/, ''))) socket.destroy();
}

/**
 * Listens at the interface's address before the node is there: it answers the page, and holds every other request until the node
 * takes over. So the page builds itself while the node starts.
 */
export class EarlyServer {
  readonly #endpoint: Endpoint;
  readonly #page: string;
  readonly #held: [IncomingMessage, ServerResponse][] = [];
  readonly #server: Server;
  #taken = false;
  /** The address of the page, without a slash at its end. */
  readonly home: string;
  /** Signs the desktop window in, once, as soon as the node is ready. */
  readonly key = randomBytes(32).toString('base64url');

  private constructor(endpoint: Endpoint, page: string) {
    this.#endpoint = endpoint;
    this.#page = page;
    this.home = `${urlOf(endpoint.address, endpoint.port)}${endpoint.base}`;
    this.#server = createServer(this.#answer).on('connection', refuseOthers);
  }

  /** @throws Fault `conflict` when the port cannot be had, Error when there is no built page */
  static async open(endpoint: Endpoint): Promise<EarlyServer> {
    // Read beforehand: a thread that loads the node answers at once or much later.
    const door = new EarlyServer(endpoint, await readPage());
    await listen(door.#server, endpoint.port, { address: endpoint.address, advice: 'WEB_PORT or --port' });
    return door;
  }

  /** A node has taken over. */
  get taken(): boolean {
    return this.#taken;
  }

  /** Whether this is where it is wanted. */
  isAt({ address, port, base }: Endpoint): boolean {
    return this.#endpoint.address === address && this.#endpoint.port === port && this.#endpoint.base === base;
  }

  /** Hands its server over; `release`, called when the new owner listens to requests, gives it those held so far. */
  take(): { server: Server; release: () => void } {
    this.#taken = true;
    this.#server.off('connection', refuseOthers);
    this.#server.off('request', this.#answer);
    const release = () => {
      for (const [request, response] of this.#held.splice(0)) this.#server.emit('request', request, response);
    };
    return { server: this.#server, release };
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  readonly #answer = (request: IncomingMessage, response: ServerResponse) => {
    const { method, url, headers } = request;
    // Under the address that the window was given only: which other names are trusted is not known yet.
    const isPage = method === 'GET' && `http://${headers.host}${url}` === `${this.home}/`;
    if (!isPage) return void this.#held.push([request, response]);
    protect(request, response, (error) => {
      if (error) return void response.destroy();
      // The window has no opener to be kept from, and Chromium would start a second process for this header.
      response.removeHeader('Cross-Origin-Opener-Policy');
      sendPage(response, this.#page, this.#endpoint.base);
    });
  };
}
