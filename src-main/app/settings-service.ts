import {
  type ResolvedSettings,
  resolveSettings,
  type SettingKey,
  type Settings,
} from '../../src-shared/settings/settings.ts';
import type { SettingTable } from '../db/tables/settings.ts';

/** What {@link SettingsService} resolves settings from. */
export interface SettingsSources {
  /** From the command line. */
  flags: Partial<Record<SettingKey, unknown>>;
  /** From the environment. */
  env: Record<string, string | undefined>;
  /** Changed in the interface. */
  stored: SettingTable;
  /** Called with the settings in force, initially and after each change. */
  onChange: (values: Settings) => void;
}

/** The settings in force, with their sources. */
export class SettingsService {
  readonly stored: SettingTable;
  readonly #sources: SettingsSources;
  #resolved: ResolvedSettings;

  /** @throws Fault `usage` for an invalid value */
  constructor(sources: SettingsSources) {
    this.stored = sources.stored;
    this.#sources = sources;
    this.#resolved = this.#resolve();
  }

  get resolved(): ResolvedSettings {
    return this.#resolved;
  }

  get values(): Settings {
    return this.#resolved.values;
  }

  /** Resolves the settings again after a stored value changed. */
  refresh(): void {
    this.#resolved = this.#resolve();
  }

  #resolve(): ResolvedSettings {
    const { flags, env, stored, onChange } = this.#sources;
    const resolved = resolveSettings({ flags, env, stored: stored.all() });
    onChange(resolved.values);
    return resolved;
  }
}
