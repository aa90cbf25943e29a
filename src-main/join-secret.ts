import { createHmac, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Fault, messageOf } from '../src-shared/errors.ts';

/** Whoever hears a proof may try secrets against it for as long as he likes: 32 random characters outlast that. */
const SHORTEST = 32;

/** Both computers by the fingerprints of the certificates that they show each other. */
export interface JoinPair {
  master: string;
  worker: string;
}

/**
 * Shows that one side knows the secret, without telling it. It is bound to both certificates: whoever stands in between, and so
 * shows another one to either side, can use none that he hears.
 */
export function proofOf(secret: string, side: keyof JoinPair, { master, worker }: JoinPair): string {
  return createHmac('sha256', secret).update(`flotilla join ${side} ${master} ${worker}`).digest('base64url');
}

/** Whether the other side knows the secret. */
export function isProof(given: string, ...of: Parameters<typeof proofOf>): boolean {
  const [mine, theirs] = [proofOf(...of), given].map((text) => Buffer.from(text));
  return mine?.length === theirs?.length && timingSafeEqual(mine as Buffer, theirs as Buffer);
}

/**
 * The secret that a master and all its workers are started with: JOIN_SECRET, or what the file JOIN_SECRET_FILE holds;
 * undefined without both.
 * @throws Fault `usage` when the file cannot be read or the secret could be guessed
 */
export function readJoinSecret(env: Record<string, string | undefined>): string | undefined {
  const file = env.JOIN_SECRET_FILE;
  const secret = (env.JOIN_SECRET || (file && read(file)))?.trim();
  if (!secret) return undefined;
  if (secret.length < SHORTEST || new Set(secret).size < SHORTEST / 4) {
    throw new Fault(
      'usage',
      `JOIN_SECRET could be guessed; use at least ${SHORTEST} random characters, such as openssl rand -hex 32 prints.`,
    );
  }
  return secret;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Fault('usage', `JOIN_SECRET_FILE cannot be read: ${messageOf(error)}.`, { cause: error });
  }
}
