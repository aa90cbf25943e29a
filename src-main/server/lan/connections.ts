import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { fingerprintOf } from '../../lan/device-identity.ts';
import { rateLimitKey } from '../../lan/rate-limit-key.ts';

/** Connections that a computer without rights may open a minute. */
const STRANGER_RATE = { points: 60, duration: 60 };
/** Connections that computers without rights may have open: those of one address, and all. */
const [MAX_OF_ADDRESS, MAX_STRANGERS] = [64, 512];
/** The open connections by certificate, and how many strangers may open. */
export class Connections {
  readonly #open = new Map<string, Set<TLSSocket>>();
  readonly #fingerprints = new WeakMap<object, string>();
  readonly #strangers = new RateLimiterMemory(STRANGER_RATE);
  readonly #strangersOpen = new Map<string, number>();

  add(socket: TLSSocket, parts: { findWorker: (fingerprint: string) => unknown }): void {
    const certificate = socket.getPeerX509Certificate();
    const fingerprint = certificate ? fingerprintOf(certificate) : '';
    this.#fingerprints.set(socket, fingerprint);
    const sockets = this.#open.get(fingerprint) ?? new Set();
    this.#open.set(fingerprint, sockets.add(socket));
    socket.once('close', () => {
      sockets.delete(socket);
      if (sockets.size === 0 && this.#open.get(fingerprint) === sockets) this.#open.delete(fingerprint);
    });
    if (!parts.findWorker(fingerprint)) this.#limit(socket, rateLimitKey(socket.remoteAddress ?? ''));
  }

  #limit(socket: TLSSocket, address: string): void {
    this.#strangers.consume(address).catch(() => socket.destroy());
    const open = this.#strangersOpen;
    const count = (open.get(address) ?? 0) + 1;
    open.set(address, count);
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left > 0) open.set(address, left);
      else open.delete(address);
    });
    const all = [...open.values()].reduce((sum, n) => sum + n, 0);
    if (count > MAX_OF_ADDRESS || all > MAX_STRANGERS) socket.destroy();
  }

  /** Fingerprint of the sender of a request; empty without a certificate. */
  of(request: IncomingMessage): string {
    return this.#fingerprints.get(request.socket) ?? '';
  }

  cut(fingerprint: string): void {
    for (const socket of this.#open.get(fingerprint) ?? []) socket.destroy();
  }

  cutAll(): void {
    for (const fingerprint of [...this.#open.keys()]) this.cut(fingerprint);
  }
}

/** Where a request comes from; IPv4 as such, not as IPv6 writes it. */
export function addressOf({ socket }: IncomingMessage): string {
  return (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
}
