import { createHmac, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Fault, messageOf } from '../../src-shared/util/errors.ts';

/** Anyone who hears a proof can try secrets against it without limit; 32 random characters outlast that. */
const MIN_LENGTH = 32;

/** Both computers by the fingerprints of the certificates that they show each other. */
export interface JoinPair {
  master: string;
  worker: string;
}

/**
 * Shows that one side knows the secret, without revealing it. It is bound to both certificates: anyone who stands in between, and so
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
 * The secret shared by a master and all its workers: JOIN_SECRET, or the content of the file JOIN_SECRET_FILE; undefined without
 * both.
 * @throws Fault `usage` when the file can't be read or the secret could be guessed
 */
export function readJoinSecret(env: Record<string, string | undefined>): string | undefined {
  const file = env.JOIN_SECRET_FILE;
  const secret = (env.JOIN_SECRET || (file && read(file)))?.trim();
  if (!secret) return undefined;
  if (secret.length < MIN_LENGTH || new Set(secret).size < MIN_LENGTH / 4) {
    throw new Fault(
      'usage',
      `JOIN_SECRET could be guessed; use at least ${MIN_LENGTH} random characters, such as openssl rand -hex 32 prints.`,
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
