import { expect, it } from 'vitest';
import { DESKTOP_SETTINGS, SETTING_GROUPS } from './setting-groups.ts';
import { SETTING_INFOS } from './settings.ts';

it('names every setting once', () => {
  const named = [{ settings: DESKTOP_SETTINGS }, ...SETTING_GROUPS].flatMap(({ settings }) => Object.keys(settings));
  expect(named.toSorted()).toEqual(SETTING_INFOS.map(({ key }) => key).toSorted());
});
