import type { MasterContext } from './context.ts';

/** Gives out no film of a library any more, for a reason that everybody is told, or (null) does so again. */
export function pauseLibrary({ libraries, emit }: MasterContext, id: number, reason: string | null): void {
  libraries.setPaused(id, reason);
  const library = libraries.get(id);
  if (library) emit('library', library);
  if (reason === null) emit('work', {});
}
