import { Fault } from '../../src-shared/util/errors.ts';

/** SHA-256, in bytes. */
const FINGERPRINT_BYTES = 32;

/** Token that a user copies from the master to a new worker: whom to trust, and the proof of the invitation. */
export function joinToken(fingerprint: string, secret: Buffer): string {
  return Buffer.concat([Buffer.from(fingerprint, 'hex'), secret]).toString('base64url');
}

/** @throws Fault `usage` when it is no join token, or not all of one */
export function readJoinToken(token: string): { fingerprint: string; secret: string } {
  const bytes = /^[\w-]{64}$/.test(token) ? Buffer.from(token, 'base64url') : undefined;
  if (!bytes) {
    throw new Fault(
      'usage',
      "This isn't a join token (64 letters, digits, - and _); copy everything that flotilla invite prints.",
    );
  }
  return {
    fingerprint: bytes.subarray(0, FINGERPRINT_BYTES).toString('hex'),
    secret: bytes.subarray(FINGERPRINT_BYTES).toString('base64url'),
  };
}
