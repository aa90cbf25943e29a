import { type Request, type Response, Router } from 'express';
import { rateLimit } from 'express-rate-limit';
import { Credentials, type SessionState } from '../../src-shared/access.ts';
import type { Caller } from '../../src-shared/contract.ts';
import { Fault } from '../../src-shared/errors.ts';
import { type Access, SESSION_MS } from './access.ts';

/** Wrong guesses that one address has in so long. */
const GUESSES = 5;
const WINDOW_MS = 60_000;

/** Signing in and out, at `/api/session`; see src-shared/access.ts. */
export function sessionRoutes(access: Access, call: Caller, base: string): Router {
  const state = async (session: string | null): Promise<SessionState> => {
    const { name, version } = await call('status', {});
    return { session, password: access.hasPassword, name, version };
  };
  const cookieOptions = (request: Request) => ({
    httpOnly: true,
    sameSite: 'strict' as const,
    secure: request.secure,
    path: base || '/',
  });
  const limit = rateLimit({
    windowMs: WINDOW_MS,
    limit: GUESSES,
    skipSuccessfulRequests: true,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    // A header of somebody who is not trusted: it is not believed, nor worth a word in the log.
    validate: { xForwardedForHeader: false },
    handler: (_request, _response, next) => {
      next(new Fault('limited', 'Too many wrong passwords; wait a minute, then try again.'));
    },
  });
  const router = Router();
  router.get('/', async (request, response) => {
    response.json(await state(access.visitor(request)?.session ?? null));
  });
  router.post('/', limit, async (request: Request, response: Response) => {
    const given = Credentials.safeParse(request.body);
    if (!given.success) throw new Fault('usage', 'Send a password or a key.');
    const before = access.visitor(request)?.session;
    const { cookie, session } = await access.signIn(given.data, {
      agent: request.headers['user-agent'] ?? '',
      address: request.ip ?? '',
    });
    // One browser, one session: a window that signs in at every start would fill the list.
    if (before) access.signOut(before);
    response.cookie(access.cookie, cookie, { ...cookieOptions(request), maxAge: SESSION_MS });
    response.json(await state(session));
  });
  router.delete('/', async (request, response) => {
    const { session } = access.require(request);
    if (session) access.signOut(session);
    response.clearCookie(access.cookie, cookieOptions(request));
    response.json(await state(null));
  });
  return router;
}
