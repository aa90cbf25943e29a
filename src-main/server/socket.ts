import type { Server as HttpServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { Server, type Socket } from 'socket.io';
import type { Actor, Caller, EventName, Events } from '../../src-shared/contract.ts';
import { Fault } from '../../src-shared/errors.ts';
import { type Access, SIGN_IN } from './access.ts';
import { type HostRule, isTrustedOrigin } from './auth.ts';
import { mayCall } from './handlers.ts';
import { toFault } from './http.ts';

/** Larger messages are no call of the contract, in bytes. */
export const LARGEST_MESSAGE = 1_000_000;

/** Who follows deltas is spared the events that they are made of. */
const IN_DELTAS: ReadonlySet<EventName> = new Set(['file', 'progress', 'library', 'paused', 'idle']);
const [FOLLOWS_DELTAS, FOLLOWS_EVENTS] = ['deltas', 'events'];

/** The sockets of all users. */
export interface Sockets {
  emit: <E extends EventName>(event: E, payload: Events[E]) => void;
  /** True while somebody follows deltas. */
  isWatched: () => boolean;
  close: () => Promise<void>;
}

/**
 * The contract over socket.io: `rpc(name, input, ack)`, and events as they happen. With `live: true` in the handshake a socket
 * gets `delta` events in the place of those that they are made of.
 */
export function attachSockets(
  server: HttpServer,
  parts: { call: Caller; access: Access; hosts: HostRule; onDefect: (error: unknown) => void },
): Sockets {
  const { access } = parts;
  const open = new Set<Duplex>();
  server.on('upgrade', (_request, socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  const io = new Server(server, {
    serveClient: false,
    maxHttpBufferSize: LARGEST_MESSAGE,
    allowRequest: (request, decide) => decide(null, isTrustedOrigin(request, parts.hosts)),
  });
  io.use((socket, next) => {
    const visitor = access.visitor(socket.request, tokenOf(socket));
    if (!visitor) return next(new Error(SIGN_IN));
    if (visitor.session) socket.join(roomOf(visitor.session));
    socket.join(socket.handshake.auth.live === true ? FOLLOWS_DELTAS : FOLLOWS_EVENTS);
    next();
  });
  access.onSignedOut = (session) => io.in(roomOf(session)).disconnectSockets(true);
  io.on('connection', (socket) => {
    // What let it in may be taken back meanwhile, also by another process; and a session that is in use lives on.
    const isStillIn = () => {
      const still = access.visitor(socket.request, tokenOf(socket)) !== undefined;
      if (!still) socket.disconnect(true);
      return still;
    };
    socket.use((_packet, next) => isStillIn() && next());
    socket.conn.on('heartbeat', isStillIn);
    answerCalls(socket, 'user', parts.call, parts.onDefect);
  });
  return {
    emit: (event, payload) => {
      if (event === 'delta') io.to(FOLLOWS_DELTAS).emit(event, payload);
      else if (IN_DELTAS.has(event)) io.to(FOLLOWS_EVENTS).emit(event as string, payload);
      else io.emit(event as string, payload);
    },
    isWatched: () => (io.sockets.adapter.rooms.get(FOLLOWS_DELTAS)?.size ?? 0) > 0,
    close: async () => {
      const closed = io.close();
      // A page that sleeps never answers that it is closed; browsers open connections in stock, on which they ask for nothing. In
      // a turn of its own, when nobody comes in any more.
      setImmediate(() => {
        server.closeAllConnections();
        for (const socket of open) socket.destroy();
      });
      await closed;
    },
  };
}

/** The token that a socket came with; undefined where it has a session, '' for what can be none. */
function tokenOf({ handshake }: Socket): string | undefined {
  const { token } = handshake.auth as { token?: unknown };
  return token === undefined || token === null ? undefined : typeof token === 'string' ? token : '';
}

const roomOf = (session: string) => `session ${session}`;

/** Answers `rpc(name, input, ack)` of a socket, for the calls that such a caller may make. */
export function answerCalls(
  socket: Socket,
  caller: Actor['kind'],
  call: Caller,
  onDefect: (error: unknown) => void,
): void {
  socket.on('rpc', async (name: unknown, input: unknown, ack: unknown) => {
    if (typeof ack !== 'function') return;
    try {
      if (!mayCall(caller, name)) throw new Fault('missing', `There is no call ${String(name)}.`);
      ack({ ok: true, output: await call(name, input as never) });
    } catch (error) {
      const told = toFault(error);
      if (!told) onDefect(error);
      ack({
        ok: false,
        code: told?.code ?? 'node',
        sentence: told?.message ?? 'Something went wrong in Flotilla; its log tells more.',
      });
    }
  });
}
