import { expect, it } from 'vitest';
import { reasonLabel } from './skip-reasons.ts';

it('codes of failed and blocked videos have words of their own, and unknown ones are readable', () => {
  expect(
    ['attempts', 'not-checked', 'not-probed', 'not-replaceable', 'not-replaced', 'wasted'].map(reasonLabel),
  ).toEqual([
    'Conversion failed',
    "Couldn't be verified",
    "Couldn't be analyzed",
    "Can't be replaced",
    'Replacement failed',
    'Retried too often',
  ]);
  expect(reasonLabel('of-tomorrow')).toBe('Of tomorrow');
});
