import type { MasterContext } from '../context.ts';

/** Stops assigning videos of a library, for a reason that users see, or (null) resumes. */
export function pauseLibrary({ libraries, emit }: MasterContext, id: number, reason: string | null): void {
  libraries.setPaused(id, reason);
  const library = libraries.get(id);
  if (library) emit('library', library);
  if (reason === null) emit('work', {});
}
