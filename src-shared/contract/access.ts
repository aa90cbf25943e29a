import { z } from 'zod';
import { Password, SessionView, TokenView } from '../access.ts';
import { changing, done, id, none, reading } from './call.ts';

/** Who gets in. */
export const ACCESS_CALLS = {
  'access.get': reading(
    'user',
    'Who can get in',
    none,
    z.object({ password: z.boolean(), sessions: z.array(SessionView), tokens: z.array(TokenView) }),
  ),
  'access.setPassword': changing(
    'user',
    'Set the password; the old one is needed where there is one. All other browsers are signed out',
    z.strictObject({ old: z.string().max(256).optional(), password: Password, keep: z.string().optional() }),
    done,
  ),
  'access.signOut': changing(
    'user',
    'Sign a browser out, or all but the one to keep',
    z.union([z.strictObject({ session: z.string() }), z.strictObject({ keep: z.string().nullable() })]),
    z.object({ signedOut: z.number() }),
  ),
  'access.createToken': changing(
    'user',
    'Make a token for a script; it is never shown again',
    z.strictObject({ name: z.string().trim().min(1).max(100) }),
    z.object({ id, token: z.string() }),
  ),
  'access.removeToken': changing('user', 'Take a token back', z.strictObject({ id }), done),
};
