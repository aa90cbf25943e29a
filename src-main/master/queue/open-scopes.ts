import type { Scope } from '../../db/tables/files.ts';
import type { MasterContext } from '../context.ts';

/** What is converted now: nothing of libraries that are paused, or held until their user starts them. */
export function openScopes(ctx: MasterContext): Scope[] {
  return ctx.scopes().filter(({ library }) => {
    const view = ctx.libraries.get(library);
    return view?.paused === null && !view.held;
  });
}
