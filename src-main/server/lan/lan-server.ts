import type { IncomingMessage } from 'node:http';
import { createServer, type Server as HttpsServer } from 'node:https';
import express, { type Express, type NextFunction, type Request, type Response, type Router } from 'express';
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible';
import { type DefaultEventsMap, Server, type Socket } from 'socket.io';
import type { Actor, Caller, WorkerEventName, WorkerEvents } from '../../../src-shared/contract/index.ts';
import { commonProtocol, Greeting, Hello, mismatch } from '../../../src-shared/fleet/protocol.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import { type Device, TLS_VERSION } from '../../lan/device-identity.ts';
import { rateLimitKey } from '../../lan/rate-limit-key.ts';
import { isOwnHost } from '../auth/secrets.ts';
import { answerErrors } from '../web/http.ts';
import { listen } from '../web/listen.ts';
import { answerCalls, MAX_MESSAGE_BYTES } from '../web/socket.ts';
import { addressOf, Connections } from './connections.ts';

/** A dead connection is noticed after the sum of both, in ms. */
const [PING_INTERVAL_MS, PING_TIMEOUT_MS] = [10_000, 20_000];
/** Who connects has to say something in this time, in ms. */
const FIRST_WORD_MS = 10_000;
/** A request or upload that is silent this long is cut, in ms. */
const IDLE_MS = 120_000;
/**
 * Limit at which a live connection of a worker is replaced by another one: past it two computers have its key, and for the next
 * hour the connected one is kept.
 */
const REPLACEMENTS = { points: 5, duration: 60, blockDuration: 3600 };
/** All that a worker's sockets hear together. */
const WORKERS = 'workers';
/** Longest wait for workers to receive pending events, in ms. */
const FLUSH_MS = 2000;

/** A worker that this master knows; on `response.locals.worker` of each of its requests. */
export interface KnownWorker {
  id: string;
  name: string;
}

/** Dependencies of the LAN server. */
export interface LanParts {
  device: Device;
  port: number;
  /** How this master introduces itself. */
  greeting: Greeting;
  /** Further names by which other computers reach this one. */
  hostNames: string[];
  /** The worker with this certificate. */
  findWorker: (fingerprint: string) => KnownWorker | undefined;
  /** Makes the calls of such a caller. */
  callAs: (actor: Actor) => Caller;
  onConnect: (worker: KnownWorker, hello: Hello) => void;
  onDisconnect: (worker: string) => void;
  /** A computer with this certificate that was no worker has gone. */
  onStrangerGone: (fingerprint: string) => void;
  /** A computer was rejected for the reason in the sentence; `from` stays the same for one computer. */
  onMismatch: (from: string, sentence: string) => void;
  /** Two computers come with the key of one worker: why, and what to do. */
  onClone: (sentence: string) => void;
  onDefect: (error: unknown) => void;
}

/** The server for other computers. */
export interface Lan {
  port: number;
  /** Offers the routes of `router` to workers: `response.locals.worker` is the {@link KnownWorker} that asks. */
  mount: (path: string, router: Router) => void;
  /** Sends an event to all workers, or to one. */
  emit: <E extends WorkerEventName>(event: E, payload: WorkerEvents[E], worker?: string) => void;
  /** Ends every connection, request and transfer of this certificate now. */
  cut: (fingerprint: string) => void;
  /** Resolves when all workers have received the events sent so far, or are too slow. */
  flush: () => Promise<void>;
  close: () => Promise<void>;
}

type LanSocket = Socket<
  DefaultEventsMap,
  DefaultEventsMap,
  DefaultEventsMap,
  { actor: Exclude<Actor, { kind: 'user' }>; hello: Hello }
>;

/**
 * Awaits other computers: TLS with a certificate on both sides, pinned by the master in its list of workers and by the worker
 * when it was paired. Workers get their calls, events and mounted routes, strangers no more than the way to become one.
 * @throws Fault `conflict` when the port cannot be had
 */
export async function startLan(parts: LanParts): Promise<Lan> {
  const connections = new Connections();
  const routers = express.Router();
  const server = createServer(
    {
      key: parts.device.key,
      cert: parts.device.certificate,
      minVersion: TLS_VERSION,
      requestCert: true,
      // Certificates sign themselves: what counts is whether their fingerprint is known.
      rejectUnauthorized: false,
      handshakeTimeout: FIRST_WORD_MS,
      headersTimeout: FIRST_WORD_MS,
      // A large upload is one long request; the time without a byte is limited instead.
      requestTimeout: 0,
    },
    makeApp(parts, connections, routers),
  );
  server.setTimeout(IDLE_MS);
  server.on('secureConnection', (socket) => connections.add(socket, parts));
  const io = attachLanSockets(server, parts, connections);
  const port = await listen(server, parts.port, { advice: 'LAN_PORT' });
  return {
    port,
    mount: (path, router) => {
      routers.use(path, router);
    },
    emit: (event, payload, worker = WORKERS) => {
      io.to(worker).emit(event as string, payload);
    },
    cut: (fingerprint) => connections.cut(fingerprint),
    flush: async () => {
      // Events arrive in order: a worker that acknowledges this one has received all before it.
      await io
        .timeout(FLUSH_MS)
        .to(WORKERS)
        .emitWithAck('work', {})
        .catch(() => undefined);
    },
    close: async () => {
      const closed = io.close();
      connections.cutAll();
      await closed;
    },
  };
}

/** No browser has business here; each tells the page that asks, wherever that may do harm. */
const isOfNoPage = ({ headers }: IncomingMessage) => headers.origin === undefined;

function makeApp(parts: LanParts, connections: Connections, routers: Router): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use((request: Request, response: Response, next: NextFunction) => {
    const worker = parts.findWorker(connections.of(request));
    if (!worker) {
      response.set('Connection', 'close');
      throw new Fault('denied', 'Only paired workers can use this endpoint.');
    }
    if (!isOfNoPage(request) || !isOwnHost(request.headers.host, parts.hostNames)) {
      throw new Fault('denied', 'This request names another server or comes from a page; add the name to HOST_NAMES.');
    }
    response.locals.worker = worker;
    next();
  });
  app.use(routers);
  app.use((request: Request) => {
    throw new Fault('missing', `There is nothing at ${request.originalUrl}.`);
  });
  app.use(answerErrors(parts.onDefect));
  return app;
}

function attachLanSockets(server: HttpsServer, parts: LanParts, connections: Connections): Server {
  const io: Server = new Server(server, {
    serveClient: false,
    transports: ['websocket'],
    maxHttpBufferSize: MAX_MESSAGE_BYTES,
    pingInterval: PING_INTERVAL_MS,
    pingTimeout: PING_TIMEOUT_MS,
    connectTimeout: FIRST_WORD_MS,
    allowRequest: (request, decide) => decide(null, connections.of(request) !== '' && isOfNoPage(request)),
  });
  const replacements = new RateLimiterMemory(REPLACEMENTS);
  /** Two computers with one key would replace each other forever. @throws Fault `conflict` for the one that comes too often */
  const requireOne = async ({ data: { actor }, request }: LanSocket) => {
    if (actor.kind !== 'worker' || !io.sockets.adapter.rooms.has(actor.worker)) return;
    await replacements.consume(actor.worker).catch(({ consumedPoints }: RateLimiterRes) => {
      const there = [...(io.sockets.adapter.rooms.get(actor.worker) ?? [])].map((id) =>
        addressOf(io.sockets.sockets.get(id)?.request ?? request),
      );
      const where = [...new Set([...there, addressOf(request)])].join(' and ');
      const advice = 'Was device.pem copied? Delete it on one of them and pair that one again';
      if (consumedPoints === REPLACEMENTS.points + 1)
        parts.onClone(
          `Two computers use the key of ${actor.name}, from ${where}. ${advice}; only one of them is accepted.`,
        );
      throw new Fault(
        'conflict',
        `${parts.greeting.name} already works with another computer that uses the key of this one. ${advice}.`,
      );
    });
  };
  io.use(async (socket: LanSocket, next) => {
    try {
      admit(socket, parts, connections.of(socket.request));
      await requireOne(socket);
      next();
    } catch (error) {
      const { code, message } = error as Fault;
      next(Object.assign(new Error(message), { data: { code, sentence: message } }));
    }
  });
  io.on('connection', (socket: LanSocket) => {
    const { actor, hello } = socket.data;
    answerCalls(socket, actor.kind, parts.callAs(actor), parts.onDefect);
    if (actor.kind === 'stranger') {
      const { fingerprint } = actor;
      socket.join(fingerprint);
      // Its old connection may be found dead long after it has reconnected.
      socket.once('disconnect', () => {
        if (!io.sockets.adapter.rooms.has(fingerprint)) parts.onStrangerGone(fingerprint);
      });
      return;
    }
    const { worker, name } = actor;
    socket.join([WORKERS, worker]);
    // A connection that died unnoticed is replaced by the next one.
    io.in(worker).except(socket.id).disconnectSockets(true);
    socket.once('disconnect', () => {
      if (!io.sockets.adapter.rooms.has(worker)) parts.onDisconnect(worker);
    });
    parts.onConnect({ id: worker, name }, hello);
  });
  return io;
}

/** Identifies a computer that connects. @throws Fault with the sentence for it when it's rejected */
function admit(socket: LanSocket, parts: LanParts, fingerprint: string): void {
  const { host } = socket.handshake.headers;
  if (!isOwnHost(host, parts.hostNames)) {
    const name = host?.replace(/:\d+$/, '') ?? 'nothing';
    throw new Fault('conflict', `${parts.greeting.name} is not called ${name}; add the name to HOST_NAMES there.`);
  }
  const { hello: given, as } = socket.handshake.auth as { hello?: unknown; as?: unknown };
  const greeting = Greeting.safeParse(given).data;
  if (!greeting || !fingerprint.startsWith(greeting.device)) {
    throw new Fault('usage', 'This computer did not introduce itself as its certificate says.');
  }
  if (commonProtocol(greeting.protocol, parts.greeting.protocol) === undefined) {
    const known = parts.findWorker(fingerprint);
    const address = addressOf(socket.request);
    // An unauthenticated computer must not choose the words of a notice.
    const name = known?.name ?? address;
    const sentences = mismatch({ ...greeting, name }, parts.greeting);
    parts.onMismatch(known ? `${known.id} ${greeting.version}` : rateLimitKey(address), sentences.master);
    throw new Fault('conflict', sentences.worker);
  }
  const hello = Hello.safeParse(given).data;
  if (!hello) throw new Fault('usage', "This computer didn't report its capabilities.");
  socket.data.hello = hello;
  if (as === 'stranger') {
    socket.data.actor = { kind: 'stranger', fingerprint, address: addressOf(socket.request), hello };
    return;
  }
  const worker = parts.findWorker(fingerprint);
  if (!worker) {
    const { name } = parts.greeting;
    throw new Fault(
      'denied',
      `${name} doesn't know this computer; pair it again with --forget, or ask for a join token.`,
    );
  }
  socket.data.actor = { kind: 'worker', worker: worker.id, name: worker.name };
}
