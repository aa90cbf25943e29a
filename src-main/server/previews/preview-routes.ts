import { Router } from 'express';
import { z } from 'zod';
import { Fault } from '../../../src-shared/util/errors.ts';
import type { Access } from '../auth/access.ts';
import type { Previews } from './previews.ts';

/** Pictures are made no smaller and no larger than this, in pixels. */
const [MIN_WIDTH, MAX_WIDTH] = [160, 3840];

const Wanted = z.object({
  file: z.coerce.number().int().positive(),
  side: z.enum(['source', 'result']),
  position: z.coerce.number().int().nonnegative(),
  width: z.coerce.number().int().min(MIN_WIDTH).max(MAX_WIDTH).default(1280),
  sample: z.string().max(20).optional(),
  /** Of decoration: one that doesn't exist is no error. */
  optional: z.literal('1').optional(),
});

/**
 * Pictures of videos: `GET /:file/frames/:side/:n.jpg?width=1280`, with `sample` of a sample, and with
 * `optional=1` for an empty answer where there is none.
 */
export function frameRoutes(access: Access, previews: Previews): Router {
  const router = Router();
  router.get('/:file/frames/:side/:position.jpg', async (request, response) => {
    access.require(request);
    const wanted = Wanted.safeParse({ ...request.params, ...request.query });
    if (!wanted.success) throw new Fault('missing', 'There is no such picture.');
    const { optional, ...asked } = wanted.data;
    const picture = await previews.picture(asked).catch((error: unknown) => {
      if (optional && error instanceof Fault) return undefined;
      throw error;
    });
    if (!picture) return void response.status(204).end();
    // Another video may come to stand behind the address; the server knows by the picture's hash.
    response.set('Cache-Control', 'private, no-cache').type('jpg').send(picture);
  });
  return router;
}
