import { z } from 'zod';
import { line } from '../util/plain-text.ts';
import { changing, done, id, none, reading } from './call.ts';
import { Password, SessionView, TokenView } from './session.ts';

/** Who gets in. */
export const ACCESS_CALLS = {
  'access.get': reading(
    'user',
    'Signed-in browsers and tokens',
    none,
    z.object({ password: z.boolean(), sessions: z.array(SessionView), tokens: z.array(TokenView) }),
  ),
  'access.setPassword': changing(
    'user',
    'Set the password; requires the current one, if there is one. Signs out all other browsers',
    z.strictObject({ old: z.string().max(256).optional(), password: Password, keep: line(100).optional() }),
    done,
  ),
  'access.signOut': changing(
    'user',
    'Sign out a browser, or all but the one to keep',
    z.union([z.strictObject({ session: line(100) }), z.strictObject({ keep: line(100).nullable() })]),
    z.object({ signedOut: z.number() }),
  ),
  'access.createToken': changing(
    'user',
    'Create a token for a script; it is shown only once',
    z.strictObject({ name: line(100).trim().min(1) }),
    z.object({ id, token: z.string() }),
  ),
  'access.removeToken': changing('user', 'Revoke a token', z.strictObject({ id }), done),
};
