import { DESKTOP_SETTINGS, SETTING_SECTIONS, type SettingText } from './setting-groups.ts';

/** Settings with a form of their own, which has no text for each. */
const FORMS: Record<string, SettingText> = {
  jobs: { label: 'Videos at a time' },
  bandwidth: { label: 'Bandwidth limit (bytes per second)' },
  hours: { label: 'Working hours' },
  rules: { label: 'Pause rules' },
  lead: { label: 'Lead other computers' },
};

const GROUPS: Record<string, SettingText>[] = Object.values(SETTING_SECTIONS).flatMap((groups) =>
  groups.map(({ settings }) => settings as Record<string, SettingText>),
);
const TEXTS: Record<string, SettingText> = Object.assign({}, DESKTOP_SETTINGS, FORMS, ...GROUPS);

/** Returns how the interface presents a setting; undefined for a name that is none. */
export const textOf = (key: string): SettingText | undefined => TEXTS[key];

/** Returns the section of the settings that shows a setting; undefined for one with a form of its own. */
export const sectionOf = (key: string): string | undefined =>
  Object.entries(SETTING_SECTIONS).find(([, groups]) =>
    groups.some(({ settings }) => Object.hasOwn(settings, key)),
  )?.[0];

/** Returns a value of a setting in the words of the interface. */
export function wordsOf({ choices, without }: SettingText, value: unknown): string {
  if (value === null || value === '') return without ?? 'None';
  if (typeof value === 'boolean') return value ? 'On' : 'Off';
  if (Array.isArray(value)) return value.length > 0 ? value.join(', ') : 'None';
  return choices?.find(([choice]) => choice === String(value))?.[1] ?? String(value);
}
