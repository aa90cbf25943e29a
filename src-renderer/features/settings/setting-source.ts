import type { Output } from '../../../src-shared/contract/index.ts';
import { SETTING_INFOS, type SettingKey } from '../../../src-shared/settings/settings.ts';

/** The flag or environment variable that sets a value at startup: `--testing`, `TESTING_MODE`; undefined when it is free to change. */
export function lockedBy(key: SettingKey, sources: Output<'settings.get'>['sources']): string | undefined {
  const info = SETTING_INFOS.find((known) => known.key === key);
  if (sources[key] === 'flag') return info?.flag?.split(' ')[0];
  return sources[key] === 'environment' ? info?.env : undefined;
}
