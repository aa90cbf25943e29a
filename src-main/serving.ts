import { createServer } from 'node:http';
import type { Caller, EventName, Events } from '../src-shared/contract.ts';
import { messageOf } from '../src-shared/errors.ts';
import { isLoopback } from '../src-shared/loopback.ts';
import type { Settings } from '../src-shared/settings.ts';
import type { LibraryTable } from './db/libraries.ts';
import { noteInstance } from './instance.ts';
import type { Libraries } from './master/libraries.ts';
import type { Vault } from './master/vault.ts';
import type { VaultClock } from './master/vault-clock.ts';
import type { Access } from './server/access.ts';
import { answerBelow, baseOf } from './server/base-path.ts';
import type { Door } from './server/door.ts';
import { makeApp } from './server/http.ts';
import { listen, urlOf } from './server/listen.ts';
import type { LiveFeed } from './server/live.ts';
import type { MetricsSource } from './server/metrics-route.ts';
import type { Previews } from './server/previews.ts';
import { trustIn } from './server/proxies.ts';
import { attachSockets } from './server/socket.ts';

const HOUR_MS = 3_600_000;

/** Events that users are told; the others are the master's own. */
const TOLD = [
  'file',
  'progress',
  'library',
  'paused',
  'notice',
  'idle',
  'worker',
  'removed',
  'pairing',
  'sample',
  'settings',
] as const satisfies EventName[];

/** What a serving node is made of. */
export interface ServingParts {
  settings: Settings;
  call: Caller;
  access: Access;
  previews: Previews;
  metrics: MetricsSource;
  /** Makes the feed of deltas. */
  makeFeed: (send: (delta: Events['delta']) => void, isWatched: () => boolean) => LiveFeed;
  libraryTable: LibraryTable;
  libraries: Libraries;
  vault: Vault;
  clock: VaultClock;
  /** Where the address is written, for commands on the same data folder. */
  instanceFile: string;
  /** What listens already, if that is where the settings say; it is closed where it is not. */
  door: Door | undefined;
  on: (event: EventName, listener: (payload: unknown) => void) => void;
  warn: (text: string) => void;
  defect: (error: unknown) => void;
  /** Done every hour. */
  backUp: () => Promise<void>;
  undo: (() => unknown)[];
}

/**
 * Opens the interface, HTTP and sockets, on the door's server or its own, and notes its address for commands on this data folder.
 * @returns the address of the interface, and what the node does from when it takes up work
 * @throws Fault `conflict` when the port cannot be had
 */
export async function serve(parts: ServingParts): Promise<{ url: string; startChores: () => void }> {
  const { call, access, previews, metrics, undo } = parts;
  const { listen: address, webPort, hostNames, trustedProxies } = parts.settings;
  const hosts = { loopbackOnly: isLoopback(address), hostNames, trusts: trustIn(trustedProxies) };
  const base = baseOf(parts.settings);
  const door = parts.door?.isAt({ address, port: webPort, base }) ? parts.door : undefined;
  // It may have the port, for another address.
  if (!door) await parts.door?.close();
  const { server, release } = door?.take() ?? { server: createServer(), release: () => undefined };
  server.on(
    'request',
    makeApp({ call, access, previews, metrics, hosts, base, warn: parts.warn, onDefect: parts.defect }),
  );
  const sockets = attachSockets(server, { call, access, hosts, onDefect: parts.defect });
  answerBelow(server, base);
  if (door) access.addKey(door.key);
  release();
  const port = door ? webPort : await listen(server, webPort, { address, advice: 'WEB_PORT or --port' });
  const url = urlOf(address, port);
  undo.push(() => sockets.close());
  const feed = parts.makeFeed((delta) => sockets.emit('delta', delta), sockets.isWatched);
  undo.push(() => feed.stop());
  for (const event of [...TOLD, 'listed', 'libraries', 'master'] as const)
    parts.on(event, (payload) => feed.note(event, payload as never));
  for (const event of TOLD) parts.on(event, (payload) => sockets.emit(event, payload as Events[typeof event]));
  undo.push(noteInstance(parts.instanceFile, url));
  return { url, startChores: () => startChores(parts) };
}

/** Scans the watched libraries now and at their interval, and backs up and purges the vault every hour; all of it ends with `undo`. */
function startChores({ settings, call, undo, ...parts }: ServingParts): void {
  const { mediaDirs, rescanMinutes } = settings;
  let ended = false;
  undo.push(() => {
    ended = true;
  });
  // What ends with the program is nothing to warn of.
  const warn = (error: unknown) => ended || parts.warn(messageOf(error));
  const every = (ms: number, work: () => Promise<unknown>) => {
    let running = false;
    const run = async () => {
      // One that takes longer is not joined by the next.
      if (running) return;
      running = true;
      await work().catch(warn);
      running = false;
    };
    const timer = setInterval(run, ms);
    undo.push(() => clearInterval(timer));
    run();
  };
  const scanAll = async () => {
    for (const path of mediaDirs) await call('library.add', { path, watched: true }).catch(warn);
    for (const library of parts.libraryTable.all().filter((l) => l.watched)) {
      await parts.libraries.scan(library).catch(warn);
    }
  };
  if (rescanMinutes > 0) every(rescanMinutes * 60_000, scanAll);
  else scanAll().catch(parts.defect);
  every(HOUR_MS, async () => {
    await parts.backUp();
    parts.clock.tick();
    await parts.vault.purge({ all: false, dryRun: false });
  });
}
