import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { TimeZone } from '../../src-shared/fleet/worker-info.ts';
import { timeZone } from './computer.ts';

describe('timeZone', () => {
  it('is the one that TZ names, or UTC', () => {
    const script = `import { timeZone } from ${JSON.stringify(new URL('./computer.ts', import.meta.url).href)}; console.log(timeZone())`;
    const zone = (TZ: string) =>
      execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
        env: { ...process.env, TZ },
        encoding: 'utf8',
      }).trim();
    expect(zone('Europe/Berlin')).toBe('Europe/Berlin');
    expect(zone('')).toBe('UTC');
    expect(zone('Europe/Nowhere')).toBe('UTC');
    expect(TimeZone.parse(timeZone())).toBe(timeZone());
  });
});
