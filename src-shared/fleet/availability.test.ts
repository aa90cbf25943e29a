import { describe, expect, it } from 'vitest';
import { DEFAULT_RULES, parseRules, RULES_FORM } from './availability.ts';

describe('rules in one line', () => {
  it('name what counts, and nothing else does', () => {
    expect(parseRules(RULES_FORM.split(','))).toEqual({
      ...{ idleMinutes: 5, battery: true, fullScreen: true, celsius: 85 },
      running: 'finish',
    });
    expect(parseRules(['battery', ' full-screen '])).toEqual(DEFAULT_RULES);
    expect(parseRules(['always'])).toEqual({ ...DEFAULT_RULES, battery: false, fullScreen: false });
    expect(parseRules([])).toBeNull();
  });

  it.each(['', 'sometimes', 'battery=5', 'idle', 'idle=', 'idle=0', 'idle=five', 'celsius=20', 'celsius=85.5'])(
    '%j is none',
    (item) => {
      expect(parseRules([item])).toBeUndefined();
    },
  );
});
