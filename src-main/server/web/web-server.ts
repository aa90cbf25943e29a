import { createServer } from 'node:http';
import { isLoopback } from '../../../src-shared/util/loopback.ts';
import { trustOf } from '../auth/trusted-proxies.ts';
import { answerBelow } from './base-path.ts';
import type { EarlyServer } from './early-server.ts';
import { type HttpParts, makeApp } from './http.ts';
import { listen, urlOf } from './listen.ts';
import { attachSockets, type Sockets } from './socket.ts';

/** Dependencies of the server for users. */
export interface WebServerParts
  extends Pick<HttpParts, 'call' | 'access' | 'previews' | 'metrics' | 'dataDir' | 'warn' | 'onDefect'> {
  /** Address to listen at. */
  address: string;
  /** 0 picks a free port. */
  port: number;
  hostNames: string[];
  trustedProxies: string[];
  /** '' or `/path`: the prefix of every address. */
  base: string;
  /** A server that already holds a port. It's taken over if address, port, and base fit, else closed. */
  early: EarlyServer | undefined;
}

/** The server for users. */
export interface WebServer {
  /** Origin of the interface, without the base. */
  url: string;
  sockets: Sockets;
}

/**
 * Serves the interface, REST, and the sockets of users.
 * @throws Fault `conflict` when the port is taken
 */
export async function startWebServer(parts: WebServerParts): Promise<WebServer> {
  const { call, access, previews, metrics, dataDir, warn, onDefect, address, port, hostNames, base } = parts;
  const hosts = { loopbackOnly: isLoopback(address), hostNames, trusts: trustOf(parts.trustedProxies) };
  const early = parts.early?.isAt({ address, port, base }) ? parts.early : undefined;
  // It may hold the port at another address.
  if (!early) await parts.early?.close();
  const { server, release } = early?.take() ?? { server: createServer(), release: () => undefined };
  server.on('request', makeApp({ call, access, previews, metrics, dataDir, hosts, base, warn, onDefect }));
  const sockets = attachSockets(server, { call, access, hosts, onDefect });
  answerBelow(server, base);
  if (early) access.addKey(early.key);
  release();
  const bound = early ? port : await listen(server, port, { address, advice: 'WEB_PORT or --port' });
  return { url: urlOf(address, bound), sockets };
}
