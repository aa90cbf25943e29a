import { Router } from 'express';
import { z } from 'zod';
import { Fault } from '../../src-shared/errors.ts';
import type { Access } from './access.ts';
import type { Previews } from './previews.ts';

/** Pictures are made no smaller and no larger than this, in pixels. */
const [NARROWEST, WIDEST] = [160, 3840];

const Wanted = z.object({
  file: z.coerce.number().int().positive(),
  side: z.enum(['source', 'result']),
  position: z.coerce.number().int().nonnegative(),
  width: z.coerce.number().int().min(NARROWEST).max(WIDEST).default(1280),
  sample: z.string().max(20).optional(),
});

/** Pictures of films: `GET /:file/frames/:side/:n.jpg?width=1280`, with `sample` of a sample. */
export function frameRoutes(access: Access, previews: Previews): Router {
  const router = Router();
  router.get('/:file/frames/:side/:position.jpg', async (request, response) => {
    access.require(request);
    const wanted = Wanted.safeParse({ ...request.params, ...request.query });
    if (!wanted.success) throw new Fault('missing', 'There is no such picture.');
    const picture = await previews.picture(wanted.data);
    // Another film may come to stand behind the address; the server knows by the picture's hash.
    response.set('Cache-Control', 'private, no-cache').type('jpg').send(picture);
  });
  return router;
}
