import { z } from 'zod';
import { Sentinel } from '../jobs/lease.ts';
import { line, Path } from '../util/plain-text.ts';
import { changing, done, id, none, reading } from './call.ts';
import { DryRun, FolderView } from './stats-view.ts';

export const LibraryView = z.object({
  id,
  root: z.string(),
  /** Scanned and converted by `serve`; false for folders that were only ever named on the command line. */
  watched: z.boolean(),
  /** Why this library is paused. */
  paused: z.string().nullable(),
  /** Analyzed, but not converted before `library.release`. */
  held: z.boolean(),
  /** The computer whose Flotilla works in it instead of this one, until `library.takeOver`. */
  owner: z.string().nullable(),
});
export type LibraryView = z.infer<typeof LibraryView>;

/** Bytes on the disk of a library; null where it doesn't answer. */
export const LibrarySpace = z.object({ library: id, free: z.number().nullable(), total: z.number().nullable() });
export type LibrarySpace = z.infer<typeof LibrarySpace>;

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

/** Folders of videos, and where to find some. */
export const LIBRARY_CALLS = {
  'folder.list': reading(
    'user',
    "Folders on the master's disks; without a path, the starting places",
    z.strictObject({ path: Path.optional() }),
    FolderView,
  ),
  'library.space': reading('user', 'Free space on the disks of all libraries', none, z.array(LibrarySpace)),
  'library.list': reading('user', 'All libraries', none, z.array(LibraryView)),
  'library.add': changing(
    'user',
    'Add a folder as a library (or find the library that contains it)',
    z.strictObject({
      path: Path,
      watched: z.boolean().default(true),
      /** A new library is analyzed, but not converted before `library.release`; false releases one that is held. */
      hold: z.boolean().optional(),
    }),
    z.object({ library: LibraryView, prefix: z.string() }),
  ),
  'library.release': changing('user', 'Start converting a held library', z.strictObject({ library: id }), done),
  'library.dryRun': reading(
    'user',
    'Preview of a library: what converting it would save, and how long it takes on this computer; measure: converts a few seconds to estimate that, if needed',
    z.strictObject({ library: id, measure: z.boolean().default(false) }),
    DryRun,
  ),
  'library.preview': reading(
    'user',
    'One page of the videos of a library, the largest first: what converting each would do to it',
    z.strictObject({
      library: id,
      offset: z.int().nonnegative().default(0),
      limit: z.int().min(1).max(100).default(50),
    }),
    z.object({
      total: z.number(),
      videos: z.array(
        z.object({
          file: id,
          path: z.string(),
          size: z.number(),
          /** Bytes that the result will roughly have; null where it is not converted or not analyzed yet. */
          estimate: z.number().nullable(),
          /** Tracks that the result would lack, with the reason. */
          leftOut: z.array(z.string()),
          /** Why it is left as it is. */
          skip: z.string().nullable(),
        }),
      ),
    }),
  ),
  'library.remove': changing('user', 'Remove a library; no file is changed', z.strictObject({ library: id }), done),
  'library.scan': changing(
    'user',
    'Scan for new, changed, and moved files',
    z.strictObject({ library: id, prefix: z.union([Path, z.literal('')]).default('') }),
    ScanReport,
  ),
  'library.takeOver': changing(
    'user',
    'Take over a library from another Flotilla that no longer runs',
    z.strictObject({ library: id }),
    done,
  ),
  'library.resume': changing(
    'user',
    'Accept missing files and resume a paused library',
    z.strictObject({ library: id }),
    done,
  ),
  'library.sentinel': changing(
    'worker',
    'What identifies a folder as this library; null where files have to be transferred',
    z.strictObject({ library: id }),
    Sentinel.nullable(),
  ),
  'library.storage': changing(
    'worker',
    'Report how this computer reaches the files of a library',
    z.strictObject({ library: id, path: line(4096).nullable() }),
    done,
  ),
};
