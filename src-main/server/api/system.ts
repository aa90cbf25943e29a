import { statSync } from 'node:fs';
import os from 'node:os';
import { type Handlers, Setup } from '../../../src-shared/contract/index.ts';
import type { Finding } from '../../../src-shared/contract/stats-view.ts';
import type { SYSTEM_CALLS } from '../../../src-shared/contract/system.ts';
import type { Greeting } from '../../../src-shared/fleet/protocol.ts';
import { DEFAULT_TABLES } from '../../../src-shared/media/quality.ts';
import {
  parseSetting,
  type ResolvedSettings,
  SETTING_INFOS,
  type SettingKey,
} from '../../../src-shared/settings/settings.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import { backupsIn } from '../../db/backups.ts';
import type { KeyValueTable } from '../../db/tables/key-value.ts';
import type { SettingTable } from '../../db/tables/settings.ts';
import type { MasterContext } from '../../master/context.ts';
import type { LookupFiles } from '../../master/library/lookup-tables.ts';
import { ownAddress } from '../../platform/computer.ts';
import { dataPaths } from '../../platform/data-paths.ts';

export interface SystemHandlerParts {
  ctx: MasterContext;
  facts: KeyValueTable;
  lookups: LookupFiles;
  /** `refresh` resolves the settings again after a stored one changed. */
  settings: { readonly resolved: ResolvedSettings; readonly stored: SettingTable; refresh(): void };
  greeting: Greeting;
  /** SHA-256 of this computer's certificate. */
  fingerprint: string;
  /** The server for workers. `port` is null while it accepts none; `apply` follows a change of settings. */
  lan: { readonly port: number | null; apply(): Promise<void> };
  /** The server for users. `lanPort` is null unless other computers can reach it. */
  web: { readonly lanPort: number | null };
  doctor: () => Promise<Finding[]>;
  dataDir: string;
  /** Returns the version of ffmpeg. */
  ffmpegVersion: () => Promise<string>;
}

const SETUP = 'setup';

const startedAt = Date.now();

/** Returns the handlers for this installation: who it is, its setup, settings, and lookup tables. */
export function systemHandlers(parts: SystemHandlerParts): Pick<Handlers, keyof typeof SYSTEM_CALLS> {
  const { ctx, facts, lookups, settings, greeting, lan } = parts;
  const setup = () =>
    facts.get(SETUP, Setup) ?? {
      role: null,
      // An install with a library has completed its setup, or needs none.
      complete: ctx.settings().mediaDirs.length > 0 || ctx.libraries.all().some(({ watched }) => watched),
    };
  return {
    status: () => ({ name: greeting.name, version: greeting.version, role: 'master' }),
    hello: () => ({
      ...greeting,
      fingerprint: parts.fingerprint,
      address: ownAddress(),
      lanPort: lan.port,
      webPort: parts.web.lanPort,
    }),
    doctor: parts.doctor,
    about: async () => ({
      version: greeting.version,
      node: process.versions.node,
      platform: `${os.type()} ${os.release()}, ${os.arch()}`,
      ffmpeg: await parts.ffmpegVersion(),
      sqlite: ctx.db.prepare('SELECT sqlite_version()').pluck().get() as string,
      dataDir: parts.dataDir,
      databaseSize: statSync(ctx.db.name).size,
      lastBackup: backupsIn(dataPaths(parts.dataDir).backups)[0] ?? null,
      startedAt,
    }),
    'setup.get': setup,
    'setup.set': (change) => {
      const next = { ...setup(), ...change } as Setup;
      facts.set(SETUP, next);
      return next;
    },
    'settings.get': () => settings.resolved,
    'settings.set': async ({ values }) => {
      // Every value is checked before any is stored.
      const parsed = Object.entries(values).map(([name, value]) => parseChange(name, value, settings.resolved));
      ctx.db.transaction(() => {
        for (const [key, value] of parsed) settings.stored.set(key, value);
      })();
      settings.refresh();
      await lan.apply();
      ctx.emit('settings', {});
      return {};
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
  };
}

/** @throws Fault `usage` for an unknown name or invalid value, `conflict` for a setting that is set at startup */
function parseChange(name: string, value: unknown, { sources }: ResolvedSettings): [SettingKey, unknown] {
  const info = SETTING_INFOS.find(({ key }) => key === name);
  if (!info) throw new Fault('usage', `There is no setting called ${name}.`);
  const { key, env, flag, outside } = info;
  if (outside) throw new Fault('usage', `For security, you can set ${key} only at startup, with ${env} or ${flag}.`);
  const parsed = value === null ? null : parseSetting(key, value);
  const pin = { flag: `the flag ${flag?.split(' ')[0]}`, environment: `the environment variable ${env}` }[
    sources[key] as string
  ];
  if (pin) throw new Fault('conflict', `${key} is locked: set by ${pin} at startup.`);
  return [key, parsed];
}
