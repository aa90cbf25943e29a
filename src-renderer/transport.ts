import { io } from 'socket.io-client';
import type { CallName, EventName, Events, Input, Output } from '../src-shared/contract.ts';
import { Fault, type FaultCode } from '../src-shared/errors.ts';

export type Connection = 'connecting' | 'online' | 'offline' | 'refused';
type Answer<T> = { ok: true; output: T } | { ok: false; code: FaultCode; sentence: string };

const TOKEN_KEY = 'flotilla-token';

/** Takes the token out of the address, where people would copy it along, and remembers it for this tab. */
function takeToken(): string | null {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (!given) return sessionStorage.getItem(TOKEN_KEY);
  sessionStorage.setItem(TOKEN_KEY, given);
  history.replaceState(null, '', location.pathname + location.search);
  return given;
}

const token = takeToken();
const socket = io({ auth: { token }, autoConnect: token !== null });

let connection: Connection = token === null ? 'refused' : 'connecting';
const watchers = new Set<() => void>();
function becomes(next: Connection): void {
  connection = next;
  for (const notify of watchers) notify();
}

socket.on('connect', () => becomes('online'));
socket.on('disconnect', () => becomes('offline'));
socket.on('connect_error', () => {
  // An active socket tries again by itself; the other kind was turned away by the server.
  if (socket.active) return becomes('offline');
  sessionStorage.removeItem(TOKEN_KEY);
  becomes('refused');
});

/** The state of the connection; `refused` without a valid token. */
export const getConnection = (): Connection => connection;

/** Tells of changes of the connection until the returned function is called. */
export function onConnection(listener: () => void): () => void {
  watchers.add(listener);
  return () => watchers.delete(listener);
}

/**
 * Makes a call of the contract.
 * @throws Fault with the master's sentence when it refuses
 */
export async function call<N extends CallName>(name: N, input: Input<N>): Promise<Output<N>> {
  const answer: Answer<Output<N>> = await socket.emitWithAck('rpc', name, input);
  if (!answer.ok) throw new Fault(answer.code, answer.sentence);
  return answer.output;
}

/** Listens to an event of the master until the returned function is called. */
export function on<E extends EventName>(event: E, listener: (payload: Events[E]) => void): () => void {
  socket.on(event as string, listener);
  return () => socket.off(event as string, listener);
}

/** Who answers at this address; needs no token. */
export async function fetchStatus(): Promise<Output<'status'>> {
  const response = await fetch('/api/status');
  if (!response.ok) throw new Error(`Flotilla answers with HTTP ${response.status}.`);
  return response.json();
}
