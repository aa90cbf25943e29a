import { type Command, Option } from 'commander';
import { SETTING_INFOS, type SettingKey } from '../../src-shared/settings/settings.ts';
import { defaultDataDir } from '../platform/data-paths.ts';

/** What every command that uses the data folder takes. */
export interface CommonOptions {
  data: string;
}

export function addDataOption(command: Command): Command {
  const option = new Option('--data <dir>', 'folder of the database, lookup tables and backups');
  // An empty variable counts as not set.
  option.env('DATA_DIR').argParser((folder) => folder || defaultDataDir());
  return command.addOption(option.default(defaultDataDir()));
}

const settingOptions = SETTING_INFOS.flatMap(({ key, flag, help, standard, env }) => {
  if (!flag) return [];
  // Not a second time if the text names the default.
  const hasDefault = help.includes('(default') || standard === null || standard === false;
  const notes = [!hasDefault && `default: ${standard}`, env && `env: ${env}`].filter(Boolean);
  // Like commander's own texts, but for abbreviations.
  const lower = /^[A-Z][a-z]/.test(help) ? help[0]?.toLowerCase() + help.slice(1) : help;
  const text = notes.length === 0 ? lower : `${lower} (${notes.join(', ')})`;
  return [{ key, option: new Option(flag, text) }];
});

/** Adds a flag for each of these settings. */
export function addSettingOptions(command: Command, keys: SettingKey[]): Command {
  for (const { key, option } of settingOptions) if (keys.includes(key)) command.addOption(option);
  return command;
}

/** The settings among a command's parsed options, as the user wrote them. */
export function settingFlags(options: object): Partial<Record<SettingKey, unknown>> {
  const given = options as Record<string, unknown>;
  return Object.fromEntries(
    settingOptions.flatMap(({ key, option }) => {
      const value = given[option.attributeName()];
      return value === undefined ? [] : [[key, value]];
    }),
  );
}

/** Settings that shape a plan. */
export const PLAN_SETTINGS: SettingKey[] = [
  'preset',
  'crf',
  'quality',
  'container',
  'dynamicHdr',
  'dataStreams',
  'skipAudioTranscode',
  'convertDamaged',
  'ffmpegPath',
];
/** Settings that shape a conversion. */
export const CONVERT_SETTINGS: SettingKey[] = [
  ...PLAN_SETTINGS,
  'minSavings',
  'fileOrder',
  'testingMode',
  'vaultDays',
  'settleMinutes',
  'tempDir',
  'jobs',
  'niceLevel',
  'ioniceClass',
];
