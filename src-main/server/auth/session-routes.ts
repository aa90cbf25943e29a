import { type Request, type Response, Router } from 'express';
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible';
import type { Caller } from '../../../src-shared/contract/index.ts';
import { Credentials, type SessionState } from '../../../src-shared/contract/session.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import { rateLimitKey } from '../../lan/rate-limit-key.ts';
import { type Access, SESSION_MS } from './access.ts';

/** Wrong guesses allowed to one address within the limiter's window. */
const GUESSES = 5;
const WINDOW_S = 60;

/** Signing in and out, at `/api/session`; see src-shared/contract/session.ts. */
export function sessionRoutes({
  access,
  call,
  base,
  lookForProxy,
}: {
  access: Access;
  call: Caller;
  base: string;
  lookForProxy: (request: Request) => void;
}): Router {
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
  const guesses = new RateLimiterMemory({ points: GUESSES, duration: WINDOW_S });
  const router = Router();
  router.get('/', async (request, response) => {
    response.json(await state(access.visitor(request)?.session ?? null));
  });
  router.post('/', async (request: Request, response: Response) => {
    lookForProxy(request);
    const guesser = rateLimitKey(request.ip ?? '');
    // Before it is known to be wrong, so that many at once are no more than many in turn.
    await guesses.consume(guesser).catch(({ msBeforeNext }: RateLimiterRes) => {
      response.set('Retry-After', String(Math.ceil(msBeforeNext / 1000)));
      throw new Fault('limited', 'Too many wrong passwords; wait a minute, then try again.');
    });
    const given = Credentials.safeParse(request.body);
    if (!given.success) throw new Fault('usage', 'Send a password or a key.');
    const before = access.visitor(request)?.session;
    const { cookie, session } = await access.signIn(given.data, {
      agent: request.headers['user-agent'] ?? '',
      address: request.ip ?? '',
    });
    await guesses.reward(guesser);
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
