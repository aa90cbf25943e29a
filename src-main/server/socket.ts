import type { Server as HttpServer } from 'node:http';
import { Server, type Socket } from 'socket.io';
import type { Actor, Caller, EventName, Events } from '../../src-shared/contract.ts';
import { Fault } from '../../src-shared/errors.ts';
import { type HostRule, isToken, isTrustedOrigin } from './auth.ts';
import { mayCall } from './handlers.ts';
import { toFault } from './http.ts';

/** Larger messages are no call of the contract, in bytes. */
export const LARGEST_MESSAGE = 1_000_000;

/** The contract over socket.io: `rpc(name, input, ack)`, and events as they happen. */
export function attachSockets(
  server: HttpServer,
  parts: { call: Caller; token: string; hosts: HostRule; onDefect: (error: unknown) => void },
): { emit: <E extends EventName>(event: E, payload: Events[E]) => void; close: () => Promise<void> } {
  const io = new Server(server, {
    serveClient: false,
    maxHttpBufferSize: LARGEST_MESSAGE,
    allowRequest: (request, decide) => decide(null, isTrustedOrigin(request, parts.hosts)),
  });
  io.use((socket, next) => {
    const { token } = socket.handshake.auth as { token?: unknown };
    next(typeof token === 'string' && isToken(parts.token, token) ? undefined : new Error('A valid token is needed.'));
  });
  io.on('connection', (socket) => {
    answerCalls(socket, 'user', parts.call, parts.onDefect);
  });
  return {
    emit: (event, payload) => {
      io.emit(event as string, payload);
    },
    close: () => io.close(),
  };
}

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
