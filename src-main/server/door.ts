import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { listen, urlOf } from './listen.ts';
import { protect, readPage, sendPage } from './page.ts';

/** Where an interface is. */
export interface Place {
  /** What is listened on. */
  address: string;
  port: number;
  /** '' or `/path`: what comes before every address of the interface. */
  base: string;
}

/**
 * The server of an interface before there is anything behind it: it gives a page that has been told of it, and has all else
 * wait. So the page builds itself while the node starts.
 */
export class Door {
  readonly #place: Place;
  readonly #page: string;
  readonly #held: [IncomingMessage, ServerResponse][] = [];
  readonly server: Server;
  /** The address of the page, without a slash at its end. */
  readonly home: string;
  /** Lets in once, when there is somewhere to be let in. */
  readonly key = randomBytes(32).toString('base64url');

  private constructor(place: Place, page: string) {
    this.#place = place;
    this.#page = page;
    this.home = `${urlOf(place.address, place.port)}${place.base}`;
    this.server = createServer(this.#answer);
  }

  /** @throws Fault `conflict` when the port cannot be had, Error when there is no built page */
  static async open(place: Place): Promise<Door> {
    // Read beforehand: a thread that loads the node answers at once or much later.
    const door = new Door(place, await readPage());
    await listen(door.server, place.port, { address: place.address, advice: 'WEB_PORT or --port' });
    return door;
  }

  /** Whether this is where it is wanted. */
  isAt({ address, port, base }: Place): boolean {
    return this.#place.address === address && this.#place.port === port && this.#place.base === base;
  }

  /**
   * From now on others listen to the requests of its server.
   * @returns gives them those that have waited
   */
  give(): () => void {
    this.server.off('request', this.#answer);
    return () => {
      for (const [request, response] of this.#held.splice(0)) this.server.emit('request', request, response);
    };
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  readonly #answer = (request: IncomingMessage, response: ServerResponse) => {
    const { method, url, headers } = request;
    // Only as who was told asks for it: whether others may is not known yet.
    const told = method === 'GET' && `http://${headers.host}${url}` === `${this.home}/`;
    if (!told) return void this.#held.push([request, response]);
    protect(request, response, (error) => {
      if (error) return void response.destroy();
      // Whoever was told has opened itself. It would have the window's page begin anew in another process.
      response.removeHeader('Cross-Origin-Opener-Policy');
      sendPage(response, this.#page, this.#place.base);
    });
  };
}
