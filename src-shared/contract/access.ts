import { z } from 'zod';
import { Password, SessionView, TokenView } from '../access.ts';
import { line } from '../plain-text.ts';
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
    z.strictObject({ old: z.string().max(256).optional(), password: Password, keep: line(100).optional() }),
    done,
  ),
  'access.signOut': changing(
    'user',
    'Sign a browser out, or all but the one to keep',
    z.union([z.strictObject({ session: line(100) }), z.strictObject({ keep: line(100).nullable() })]),
    z.object({ signedOut: z.number() }),
  ),
  'access.createToken': changing(
    'user',
    'Make a token for a script; it is never shown again',
    z.strictObject({ name: line(100).trim().min(1) }),
    z.object({ id, token: z.string() }),
  ),
  'access.removeToken': changing('user', 'Take a token back', z.strictObject({ id }), done),
};
