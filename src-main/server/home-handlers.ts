import { statSync } from 'node:fs';
import os from 'node:os';
import { type Handlers, Setup } from '../../src-shared/contract.ts';
import { DEFAULT_TABLES } from '../../src-shared/quality.ts';
import { dataPaths } from '../config.ts';
import { backupsIn } from '../db/backups.ts';
import { dryRun } from '../master/dry-run.ts';
import { lookIntoFolder } from '../master/folders.ts';
import type { HandlerParts } from './handlers.ts';

type HomeCalls =
  | Extract<keyof Handlers, `${'access' | 'table' | 'setup'}.${string}`>
  | 'live.snapshot'
  | 'stats.get'
  | 'folder.list'
  | 'library.dryRun'
  | 'doctor'
  | 'about';

/** Seconds that are converted to learn how fast this computer is. */
const MEASURED_SECONDS = 3;
const SETUP = 'setup';

const startedAt = Date.now();

/** The calls about this Flotilla itself: how it is used, who gets in, what it has done. */
export function homeHandlers(parts: HandlerParts): Pick<Handlers, HomeCalls> {
  const { ctx, access, facts, stats, lookups } = parts;
  const setup = () =>
    facts.get(SETUP, Setup) ?? {
      role: null,
      // Who has or names a library already has been through the first run, or needs none.
      complete: ctx.settings().mediaDirs.length > 0 || ctx.libraries.all().some(({ watched }) => watched),
    };
  return {
    'live.snapshot': () => parts.live().snapshot(),
    'stats.get': () => stats.stats(),
    'setup.get': setup,
    'setup.set': (change) => {
      const next = { ...setup(), ...change } as Setup;
      facts.set(SETUP, next);
      return next;
    },
    'folder.list': ({ path: place }) => lookIntoFolder(place, ctx.libraries.all()),
    'library.dryRun': async ({ library, measure }) => {
      parts.libraries.get(library);
      if (measure && parts.throughput() === undefined) await measureSpeed(parts, library);
      return dryRun(ctx, { list: parts.list, stats, throughput: parts.throughput() }, library);
    },
    'table.get': () => {
      const { quality, audio } = ctx.tables();
      const about = (kind: 'quality' | 'audio') => ({ file: lookups.fileOf(kind), problem: lookups.problemOf(kind) });
      return {
        quality: { table: quality, standard: DEFAULT_TABLES.quality, ...about('quality') },
        audio: { table: audio, standard: DEFAULT_TABLES.audio, ...about('audio') },
      };
    },
    'table.set': async ({ quality, audio }) => {
      if (quality !== undefined) await lookups.write('quality', quality ?? DEFAULT_TABLES.quality);
      if (audio !== undefined) await lookups.write('audio', audio ?? DEFAULT_TABLES.audio);
      ctx.emit('settings', {});
      return {};
    },
    doctor: parts.doctor,
    about: async () => ({
      version: parts.greeting.version,
      node: process.versions.node,
      platform: `${os.type()} ${os.release()}, ${os.arch()}`,
      ffmpeg: await parts.ffmpeg(),
      sqlite: ctx.db.prepare('SELECT sqlite_version()').pluck().get() as string,
      dataDir: parts.dataDir,
      databaseSize: statSync(ctx.db.name).size,
      lastBackup: backupsIn(dataPaths(parts.dataDir).backups)[0] ?? null,
      startedAt,
    }),
    'access.get': () => ({ password: access.hasPassword, sessions: access.sessions, tokens: access.tokens }),
    'access.setPassword': async ({ password, old, keep }) => {
      await access.setPassword(password, old, keep);
      return {};
    },
    'access.signOut': (input) => {
      if ('keep' in input) return { signedOut: access.signOutAll(input.keep) };
      access.signOut(input.session);
      return { signedOut: 1 };
    },
    'access.createToken': ({ name }) => access.createToken(name),
    'access.removeToken': ({ id }) => {
      access.removeToken(id);
      return {};
    },
  };
}

/** Converts a few seconds of a film of middling size. */
async function measureSpeed({ list, previews }: HandlerParts, library: number): Promise<void> {
  const filter = { library: [library], state: ['queued' as const], missing: false };
  const { total } = list.tally(filter);
  const offset = Math.floor(total / 2);
  const [film] = list.page({ filter, sort: 'size', descending: false, offset, limit: 1 });
  if (film) await previews.sample(film.id, MEASURED_SECONDS);
}
