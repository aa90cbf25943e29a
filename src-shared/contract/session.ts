import { z } from 'zod';

/**
 * A password, or the key that a set-up address ends in (`#setup=…`), or a token. Signing in is plain HTTP, since it sets a cookie:
 * - `GET /api/session` returns a {@link SessionState}
 * - `POST /api/session` with this signs in; 401 when it is wrong, 429 after too many wrong ones
 * - `DELETE /api/session` signs out
 */
export const Credentials = z.union([
  z.strictObject({ password: z.string().min(1).max(256) }),
  z.strictObject({ key: z.string().min(1).max(256) }),
]);
export type Credentials = z.infer<typeof Credentials>;

export const SessionState = z.object({
  /** The id of the session of the caller; null: sign in first. */
  session: z.string().nullable(),
  /** Whether there is a password to sign in with. */
  password: z.boolean(),
  name: z.string(),
  version: z.string(),
});
export type SessionState = z.infer<typeof SessionState>;

/** NIST SP 800-63B: length is what counts, no rules of composition. */
export const Password = z.string().min(8, 'a password has at least 8 characters').max(256);

/** A browser that is signed in. */
export const SessionView = z.object({
  id: z.string(),
  /** User agent of the browser when it signed in. */
  agent: z.string(),
  address: z.string(),
  /** Milliseconds since 1970. */
  createdAt: z.number(),
  seenAt: z.number(),
  expiresAt: z.number(),
});
export type SessionView = z.infer<typeof SessionView>;

/** A token for a script; the token itself is shown once, when it is made. */
export const TokenView = z.object({
  id: z.int().positive(),
  name: z.string(),
  createdAt: z.number(),
  usedAt: z.number().nullable(),
});
export type TokenView = z.infer<typeof TokenView>;
