import { z } from 'zod';
import { Fingerprint, Greeting } from '../fleet/protocol.ts';
import { AudioTable, QualityTable } from '../media/quality.ts';
import { Settings } from '../settings/settings.ts';
import { changing, done, none, reading } from './call.ts';
import { About, Finding } from './stats-view.ts';

/** How Flotilla is used here. */
export const Setup = z.object({
  /** `alone`: use this computer, `lead` other computers too, or `join` a master; null before the user has chosen. */
  role: z.enum(['alone', 'lead', 'join']).nullable(),
  /** The first run is over. */
  complete: z.boolean(),
});
export type Setup = z.infer<typeof Setup>;

/** A lookup table as the user may edit it. */
const tableView = <T extends z.ZodType>(table: T) =>
  z.object({
    table,
    standard: table,
    /** Absolute path of the JSON file, for those who edit it by hand. */
    file: z.string(),
    /** Why the file is not in force, as one sentence; `table` is the last good one then. */
    problem: z.string().nullable(),
  });

/** This very Flotilla: who it is, how it is used and set up, and how it is. */
export const SYSTEM_CALLS = {
  status: reading(
    'public',
    'Liveness: who answers here',
    none,
    z.object({ name: z.string(), version: z.string(), role: z.string() }),
  ),
  hello: reading(
    'public',
    'How this computer introduces itself to others; address is its first one on a network, or its name there; lanPort is its port for workers, null when it accepts none; webPort is the port of its interface, null when only this computer can open it',
    none,
    Greeting.extend({
      fingerprint: Fingerprint,
      address: z.string().default(''),
      lanPort: z.int().nullable(),
      webPort: z.int().nullable().default(null),
    }),
  ),
  'setup.get': reading('user', 'How this Flotilla is used, and whether its setup is finished', none, Setup),
  'setup.set': changing('user', 'Save what the user chose during setup', Setup.partial(), Setup),
  'settings.get': reading(
    'user',
    'Effective settings and where each comes from',
    none,
    z.object({ values: Settings, sources: z.record(z.string(), z.enum(['flag', 'environment', 'stored', 'default'])) }),
  ),
  'settings.set': changing(
    'user',
    'Save settings; null removes a saved value',
    z.strictObject({ values: z.record(z.string().max(100), z.unknown()) }),
    done,
  ),
  'table.get': reading(
    'user',
    'The lookup tables in effect',
    none,
    z.object({ quality: tableView(QualityTable), audio: tableView(AudioTable) }),
  ),
  'table.set': changing(
    'user',
    'Write lookup tables to their files; null resets one to its default',
    z.strictObject({ quality: QualityTable.nullable().optional(), audio: AudioTable.nullable().optional() }),
    done,
  ),
  doctor: reading('user', 'System check: what is available and what is missing', none, z.array(Finding)),
  about: reading('user', 'Versions of this installation', none, About),
};
