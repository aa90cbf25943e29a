import { expect, it } from 'vitest';
import { DESKTOP_SETTINGS, OWN_FORM_SETTINGS, SETTING_SECTIONS, type SettingText } from './setting-groups.ts';
import { textOf } from './setting-words.ts';
import { parseSetting, SETTING_INFOS, type SettingKey } from './settings.ts';

const TEXTS = Object.values(SETTING_SECTIONS).flatMap((groups) =>
  groups.flatMap(({ settings }) => Object.entries(settings) as [SettingKey, SettingText][]),
);

it('names every setting once', () => {
  const named = [...Object.keys(DESKTOP_SETTINGS), ...OWN_FORM_SETTINGS, ...TEXTS.map(([key]) => key)];
  expect(named.toSorted()).toEqual(SETTING_INFOS.map(({ key }) => key).toSorted());
});

it('has a label for every setting', () => {
  for (const { key } of SETTING_INFOS) expect(textOf(key)?.label, key).toMatch(/^\w/);
});

it('has plain words for every value that can be chosen, and for no other', () => {
  for (const [key, { choices }] of TEXTS) {
    const info = SETTING_INFOS.find((one) => one.key === key);
    if (info?.choices) expect(choices?.map(([value]) => value).toSorted(), key).toEqual(info.choices.toSorted());
    for (const [value] of choices ?? []) expect(() => parseSetting(key, value), `${key} ${value}`).not.toThrow();
  }
});
