import { io } from 'socket.io-client';
import { CSRF_HEADER } from '../../src-shared/contract/csrf-header.ts';
import type { CallName, EventName, Events, Input, Output } from '../../src-shared/contract/index.ts';
import type { Credentials, SessionState } from '../../src-shared/contract/session.ts';
import { Fault, type FaultCode } from '../../src-shared/util/errors.ts';
import { BASE } from './base-path.ts';

/** `signed-out`: the server answers, but this browser has to sign in first. */
export type Connection = 'connecting' | 'online' | 'offline' | 'signed-out';
type Answer<T> = { ok: true; output: T } | { ok: false; code: FaultCode; sentence: string };

const socket = io({
  path: `${BASE}/socket.io`,
  auth: { live: true },
  autoConnect: false,
  transports: ['websocket'],
  reconnectionDelayMax: 5000,
});

const watchers = new Set<(connection: Connection) => void>();
function setConnection(next: Connection): void {
  for (const notify of watchers) notify(next);
}

socket.on('connect', () => setConnection('online'));
socket.on('disconnect', (reason) => {
  setConnection('offline');
  // The server cut it off, as it does when a session ends: socket.io does not reconnect automatically then.
  if (reason === 'io server disconnect') connect().catch(() => socket.connect());
});
socket.on('connect_error', () => {
  // An active socket reconnects automatically; the other kind was rejected by the server.
  if (socket.active) setConnection('offline');
  else setConnection('signed-out');
});

/** Calls `listener` when the connection changes, until the returned function is called. */
export function onConnection(listener: (connection: Connection) => void): () => void {
  watchers.add(listener);
  return () => watchers.delete(listener);
}

/** Resolves with the first connection state: earlier calls wait instead of failing. */
const known = new Promise<void>((resolve) => onConnection(() => resolve()));

const NO_ANSWER = "Can't reach Flotilla at this address. Is it running?";

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

/** Removes the key from the address, so that people don't copy it along with the link. */
function takeKeyFromUrl(): string | null {
  const given = new URLSearchParams(location.hash.slice(1));
  const key = given.get('token') ?? given.get('setup');
  if (key) history.replaceState(null, '', location.pathname + location.search);
  return key;
}

/** Applies what the server says about the session. */
function applySession(state: SessionState): SessionState {
  if (state.session) socket.connect();
  else setConnection('signed-out');
  return state;
}

/**
 * Connects when this browser is signed in, or can sign itself in with the key of its address.
 * @throws Fault when the server does not answer, or the key is no longer good
 */
export async function connect(): Promise<SessionState> {
  const key = takeKeyFromUrl();
  if (!key) return applySession(await session('GET'));
  try {
    return applySession(await session('POST', { key }));
  } catch (refused) {
    // A key that was used up lets in whom it has let in before.
    const state = applySession(await session('GET'));
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
  return applySession(await session('POST', { password }));
}

/** Signs this browser out. */
export async function signOut(): Promise<void> {
  await session('DELETE');
  socket.disconnect();
  setConnection('signed-out');
}

/**
 * Makes a call of the contract.
 * @throws Fault with the master's sentence when it refuses or does not answer
 */
export async function call<N extends CallName>(name: N, input: Input<N>): Promise<Output<N>> {
  await known;
  if (!socket.connected) throw new Fault('node', NO_ANSWER);
  const answer: Answer<Output<N>> = await socket.emitWithAck('rpc', name, input).catch(() => {
    throw new Fault('node', 'The connection was lost before Flotilla answered.');
  });
  if (!answer.ok) throw new Fault(answer.code, answer.sentence);
  return answer.output;
}

/** Listens to an event of the master until the returned function is called. */
export function on<E extends EventName>(event: E, listener: (payload: Events[E]) => void): () => void {
  socket.on(event as string, listener);
  return () => socket.off(event as string, listener);
}
