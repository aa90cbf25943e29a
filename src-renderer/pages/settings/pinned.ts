import type { Output } from '../../../src-shared/contract.ts';
import { SETTING_INFOS, type SettingKey } from '../../../src-shared/settings.ts';

/** What sets a value from outside, by the name that the user gave: `--testing`, `TESTING_MODE`; undefined when it is free to change. */
export function pinnedBy(key: SettingKey, sources: Output<'settings.get'>['sources']): string | undefined {
  const info = SETTING_INFOS.find((known) => known.key === key);
  if (sources[key] === 'flag') return info?.flag?.split(' ')[0];
  return sources[key] === 'environment' ? info?.env : undefined;
}
