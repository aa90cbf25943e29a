import type { Server as HttpServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { Server, type Socket } from 'socket.io';
import { type Actor, type Caller, EVENTS, type EventName, type Events } from '../../../src-shared/contract/index.ts';
import { INTERNAL_ERROR } from '../../../src-shared/text/messages.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import { mayCall } from '../api/caller.ts';
import { type Access, SIGN_IN } from '../auth/access.ts';
import { type HostRule, isTrustedOrigin } from '../auth/secrets.ts';
import { toFault } from './http.ts';

/** Larger messages are no call of the contract, in bytes. */
export const MAX_MESSAGE_BYTES = 1_000_000;

/** Rooms of the sockets that follow deltas and of those that don't. */
const DELTA_ROOM = 'deltas';
const EVENT_ROOM = 'events';

/** The sockets of all users. */
export interface Sockets {
  emit: <E extends EventName>(event: E, payload: Events[E]) => void;
  /** Returns true while someone follows deltas. */
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
    maxHttpBufferSize: MAX_MESSAGE_BYTES,
    allowRequest: (request, decide) => decide(null, isTrustedOrigin(request, parts.hosts)),
  });
  io.use((socket, next) => {
    const visitor = access.visitor(socket.request, tokenOf(socket));
    if (!visitor) return next(new Error(SIGN_IN));
    if (visitor.session) socket.join(roomOf(visitor.session));
    socket.join(socket.handshake.auth.live === true ? DELTA_ROOM : EVENT_ROOM);
    next();
  });
  access.onSignedOut((session) => void io.in(roomOf(session)).disconnectSockets(true));
  io.on('connection', (socket) => {
    // Its session or token may have been revoked, possibly by another process; and a session in use must not expire.
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
      const { audience } = EVENTS[event];
      if (audience === 'users') io.emit(event as string, payload);
      else if (audience === 'users-with-deltas') io.to(DELTA_ROOM).emit(event as string, payload);
      else if (audience === 'users-without-deltas') io.to(EVENT_ROOM).emit(event as string, payload);
    },
    isWatched: () => (io.sockets.adapter.rooms.get(DELTA_ROOM)?.size ?? 0) > 0,
    close: async () => {
      const closed = io.close();
      // A sleeping page never confirms that it's closed, and browsers pre-open idle connections. In a turn of its own, once no new
      // connection is accepted.
      setImmediate(() => {
        server.closeAllConnections();
        for (const socket of open) socket.destroy();
      });
      await closed;
    },
  };
}

/** The token of a socket; undefined where it has a session, '' for a malformed one. */
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
      if (!mayCall(caller, name)) throw new Fault('missing', `Unknown call ${String(name)}.`);
      ack({ ok: true, output: await call(name, input as never) });
    } catch (error) {
      const fault = toFault(error);
      if (!fault) onDefect(error);
      ack({
        ok: false,
        code: fault?.code ?? 'node',
        sentence: fault?.message ?? INTERNAL_ERROR,
      });
    }
  });
}
