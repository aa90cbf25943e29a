import { createHash, randomBytes } from 'node:crypto';

/** 256 random bits in base64url, used once. */
export function makeNonce(): string {
  return randomBytes(32).toString('base64url');
}

const sha256 = (...parts: string[]) => createHash('sha256').update(parts.join('|')).digest();

/** Binds the worker to a nonce that it doesn't reveal yet. */
export function commitmentOf(nonce: string): string {
  return sha256('flotilla commitment', nonce).toString('base64url');
}

/**
 * The six digits that both screens show. Each side sees the other's certificate itself, and the worker is bound to its nonce
 * before it learns the master's: somebody in between, who shows a certificate of his own to either side, gets equal digits on
 * both by one chance in a million a try (numeric comparison, as in Bluetooth Core 5.4, Vol 3, Part H, 2.3.5.6.2).
 */
export function pairingCode(of: { master: string; worker: string; masterNonce: string; workerNonce: string }): string {
  const digest = sha256('flotilla pairing', of.master, of.worker, of.masterNonce, of.workerNonce);
  return String(digest.readUIntBE(0, 6) % 1_000_000).padStart(6, '0');
}
