import { statfs } from 'node:fs/promises';
import type { LibrarySpace } from '../../../src-shared/contract/libraries.ts';
import { callWithTimeout } from '../../fs/response-timeout.ts';
import type { MasterContext } from '../context.ts';

/** Returns the room on the disk of every library; of one whose disk doesn't answer it is unknown. */
export function librarySpace(ctx: MasterContext): Promise<LibrarySpace[]> {
  return Promise.all(
    ctx.libraries.all().map(async ({ id: library, root }) => {
      const found = await callWithTimeout(root, () => statfs(root)).catch(() => undefined);
      const bytes = (blocks: number | undefined) => (found && blocks !== undefined ? blocks * found.bsize : null);
      return { library, free: bytes(found?.bavail), total: bytes(found?.blocks) };
    }),
  );
}
