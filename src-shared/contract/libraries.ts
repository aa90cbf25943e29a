import { z } from 'zod';
import { DryRun, FolderView } from '../insights.ts';
import { Sentinel } from '../lease.ts';
import { line, Path } from '../plain-text.ts';
import { changing, done, id, none, reading } from './call.ts';

export const LibraryView = z.object({
  id,
  root: z.string(),
  /** Scanned and converted by `serve`; false for folders that were only ever named on the command line. */
  watched: z.boolean(),
  /** Why nothing is done in this library at present. */
  paused: z.string().nullable(),
  /** Looked into, but not converted before `library.release`. */
  held: z.boolean(),
  /** The computer whose Flotilla works in it instead of this one, until `library.takeOver`. */
  owner: z.string().nullable(),
});
export type LibraryView = z.infer<typeof LibraryView>;

export const ScanReport = z.object({
  files: z.number(),
  added: z.number(),
  changed: z.number(),
  moved: z.number(),
  missing: z.number(),
  /** Folders and names that could not be read, as sentences (the first hundred). */
  problems: z.array(z.string()),
  seconds: z.number(),
});
export type ScanReport = z.infer<typeof ScanReport>;

/** Folders of films, and where to find some. */
export const LIBRARY_CALLS = {
  'folder.list': reading(
    'user',
    "Folders of the master's disks; without a path the places to begin at",
    z.strictObject({ path: Path.optional() }),
    FolderView,
  ),
  'library.list': reading('user', 'All libraries', none, z.array(LibraryView)),
  'library.add': changing(
    'user',
    'Make a folder a library (or find the one it belongs to)',
    z.strictObject({
      path: Path,
      watched: z.boolean().default(true),
      /** A new library is looked into, but not converted before `library.release`; false releases one that is held. */
      hold: z.boolean().optional(),
    }),
    z.object({ library: LibraryView, prefix: z.string() }),
  ),
  'library.release': changing('user', 'Begin to convert a held library', z.strictObject({ library: id }), done),
  'library.dryRun': reading(
    'user',
    'What converting a library would bring, and how long on this computer; measure: a few seconds are converted for that, if need be',
    z.strictObject({ library: id, measure: z.boolean().default(false) }),
    DryRun,
  ),
  'library.remove': changing('user', 'Forget a library; no file is touched', z.strictObject({ library: id }), done),
  'library.scan': changing(
    'user',
    'Look for new, changed and moved files',
    z.strictObject({ library: id, prefix: z.union([Path, z.literal('')]).default('') }),
    ScanReport,
  ),
  'library.takeOver': changing(
    'user',
    'Work in a library that another Flotilla had, which does not run any more',
    z.strictObject({ library: id }),
    done,
  ),
  'library.resume': changing(
    'user',
    'Accept that files have gone and go on with a paused library',
    z.strictObject({ library: id }),
    done,
  ),
  'library.sentinel': changing(
    'worker',
    'What to look for to know that a folder is this library; null where files have to travel',
    z.strictObject({ library: id }),
    Sentinel.nullable(),
  ),
  'library.storage': changing(
    'worker',
    'Tell how this computer gets at the films of a library',
    z.strictObject({ library: id, path: line(4096).nullable() }),
    done,
  ),
};
