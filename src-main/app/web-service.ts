import { type Caller, type Events, eventsWhere } from '../../src-shared/contract/index.ts';
import { isLoopback } from '../../src-shared/util/loopback.ts';
import type { InstanceFile } from '../platform/instance-file.ts';
import type { Access } from '../server/auth/access.ts';
import type { LiveFeed } from '../server/live/live-feed.ts';
import type { MetricsSource } from '../server/metrics/route.ts';
import type { Previews } from '../server/previews/previews.ts';
import { baseOf } from '../server/web/base-path.ts';
import type { Sockets } from '../server/web/socket.ts';
import type { NodeContext } from './types.ts';

/** Events that change the live snapshot, and events that sockets receive apart from the feed's deltas. */
const LIVE_EVENTS = eventsWhere(({ live }) => live !== undefined);
const SOCKET_EVENTS = eventsWhere(({ audience }) => audience === 'users' || audience === 'users-without-deltas');

/** What {@link WebService} serves. */
export interface WebServiceParts {
  call: Caller;
  access: Access;
  previews: Previews;
  feed: LiveFeed;
  metrics: MetricsSource;
}

/** Serves the interface to users. */
export class WebService {
  readonly #node: NodeContext;
  readonly #instance: InstanceFile;
  #url: string | null = null;
  #sockets: Sockets | undefined;
  #feed: LiveFeed | undefined;

  constructor(node: NodeContext, instance: InstanceFile) {
    this.#node = node;
    this.#instance = instance;
  }

  /** Loads the server's modules ahead of {@link start}. */
  static preload(): void {
    // A failure is reported where the modules are needed.
    import('../server/web/web-server.ts').catch(() => undefined);
  }

  /** Origin of the interface; null before {@link start}. */
  get url(): string | null {
    return this.#url;
  }

  /** Base address of the interface's pages, without a trailing slash. */
  get home(): string {
    return `${this.#url}${baseOf(this.#node.settings.values)}`;
  }

  /** Port of the interface for other computers; null unless they can reach it. */
  get lanPort(): number | null {
    if (this.#url === null || isLoopback(this.#node.settings.values.listen)) return null;
    return Number(new URL(this.#url).port || 80);
  }

  /**
   * Opens the interface and notes its address for commands on this data folder.
   * @throws Fault `conflict` when the port is taken
   */
  async start({ call, access, previews, feed, metrics }: WebServiceParts): Promise<void> {
    const { config, emit, on, reportError, settings } = this.#node;
    const { listen, webPort, hostNames, trustedProxies } = settings.values;
    // A conversion on the command line needs no server.
    const { startWebServer } = await import('../server/web/web-server.ts');
    const { url, sockets } = await startWebServer({
      call,
      access,
      previews,
      metrics,
      dataDir: config.dataDir,
      address: listen,
      port: webPort,
      hostNames,
      trustedProxies,
      base: baseOf(settings.values),
      early: config.door,
      warn: (text) => emit('notice', { level: 'warn', text }),
      onDefect: reportError,
    });
    this.#url = url;
    this.#sockets = sockets;
    this.#feed = feed;
    feed.start({ send: (delta) => sockets.emit('delta', delta), isWatched: sockets.isWatched });
    for (const event of LIVE_EVENTS) on(event, (payload) => feed.note(event, payload as never));
    for (const event of SOCKET_EVENTS) on(event, (payload) => sockets.emit(event, payload as Events[typeof event]));
    this.#instance.write({ url });
  }

  async stop(): Promise<void> {
    this.#instance.remove();
    this.#feed?.stop();
    await this.#sockets?.close();
  }
}
