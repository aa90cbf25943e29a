import { io } from 'socket.io-client';
import type { Credentials, SessionState } from '../src-shared/access.ts';
import type { CallName, EventName, Events, Input, Output } from '../src-shared/contract.ts';
import { CSRF_HEADER } from '../src-shared/csrf.ts';
import { Fault, type FaultCode } from '../src-shared/errors.ts';
import { BASE } from './base.ts';

/** `outside`: the server answers, but this browser has to sign in first. */
export type Connection = 'connecting' | 'online' | 'offline' | 'outside';
type Answer<T> = { ok: true; output: T } | { ok: false; code: FaultCode; sentence: string };

const socket = io({
  path: `${BASE}/socket.io`,
  auth: { live: true },
  autoConnect: false,
  transports: ['websocket'],
  reconnectionDelayMax: 5000,
});

const watchers = new Set<(connection: Connection) => void>();
function becomes(next: Connection): void {
  for (const notify of watchers) notify(next);
}

socket.on('connect', () => becomes('online'));
socket.on('disconnect', (reason) => {
  becomes('offline');
  // The server cut it off, as it does when a session ends: socket.io does not try again by itself then.
  if (reason === 'io server disconnect') enter().catch(() => socket.connect());
});
socket.on('connect_error', () => {
  // An active socket tries again by itself; the other kind was turned away by the server.
  if (socket.active) becomes('offline');
  else becomes('outside');
});

/** Tells of changes of the connection until the returned function is called. */
export function onConnection(listener: (connection: Connection) => void): () => void {
  watchers.add(listener);
  return () => watchers.delete(listener);
}

/** Settles with the first word of how the connection is: who calls before it waits instead of failing. */
const known = new Promise<void>((resolve) => onConnection(() => resolve()));

const NO_ANSWER = 'Flotilla does not answer at this address. Is it running?';

async function session(method: 'GET' | 'POST' | 'DELETE', body?: Credentials): Promise<SessionState> {
  const response = await fetch(`${BASE}/api/session`, {
    method,
    headers: { [CSRF_HEADER]: '1', ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  }).catch(() => {
    throw new Fault('node', NO_ANSWER);
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Fault(answer.code ?? 'node', answer.sentence ?? NO_ANSWER);
  return answer;
}

/** Takes the key out of the address, where people would copy it along. */
function takeKey(): string | null {
  const given = new URLSearchParams(location.hash.slice(1));
  const key = given.get('token') ?? given.get('setup');
  if (key) history.replaceState(null, '', location.pathname + location.search);
  return key;
}

/** Goes by what the server tells of the session. */
function settle(state: SessionState): SessionState {
  if (state.session) socket.connect();
  else becomes('outside');
  return state;
}

/**
 * Connects when this browser is signed in, or can sign itself in with the key of its address.
 * @throws Fault when the server does not answer, or the key is no longer good
 */
export async function enter(): Promise<SessionState> {
  const key = takeKey();
  if (!key) return settle(await session('GET'));
  try {
    return settle(await session('POST', { key }));
  } catch (refused) {
    // A key that was used up lets in whom it has let in before.
    const state = settle(await session('GET'));
    // One that was cut off was not refused.
    if (!state.session && !(refused instanceof Fault && refused.code === 'node')) throw refused;
    return state;
  }
}

/**
 * Signs in with a password.
 * @throws Fault with the server's sentence when it is wrong
 */
export async function signIn(password: string): Promise<SessionState> {
  return settle(await session('POST', { password }));
}

/** Signs this browser out. */
export async function signOut(): Promise<void> {
  await session('DELETE');
  socket.disconnect();
  becomes('outside');
}

/**
 * Makes a call of the contract.
 * @throws Fault with the master's sentence when it refuses or does not answer
 */
export async function call<N extends CallName>(name: N, input: Input<N>): Promise<Output<N>> {
  await known;
  if (!socket.connected) throw new Fault('node', NO_ANSWER);
  const answer: Answer<Output<N>> = await socket.emitWithAck('rpc', name, input).catch(() => {
    throw new Fault('node', 'The connection was cut before Flotilla answered.');
  });
  if (!answer.ok) throw new Fault(answer.code, answer.sentence);
  return answer.output;
}

/** Listens to an event of the master until the returned function is called. */
export function on<E extends EventName>(event: E, listener: (payload: Events[E]) => void): () => void {
  socket.on(event as string, listener);
  return () => socket.off(event as string, listener);
}
