import { DEFAULT_THEME, mergeMantineTheme } from '@mantine/core';
import { describe, expect, it } from 'vitest';
import { cssVariables, theme } from './theme.ts';

/** Relative luminance and contrast as WCAG 2.2 defines them. */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = (hex.slice(1).match(/../g) ?? [])
    .map((pair) => Number.parseInt(pair, 16) / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

const variables: Record<'light' | 'dark', Record<string, string>> = cssVariables(
  mergeMantineTheme(DEFAULT_THEME, theme),
);

describe.each(['light', 'dark'] as const)('the %s theme', (scheme) => {
  const color = (name: string) => variables[scheme][name] ?? '';
  const ground = color('--mantine-color-body');

  it('outlines controls with 3:1 against the page', () => {
    for (const name of ['--fl-control', '--fl-accent']) expect(contrast(color(name), ground)).toBeGreaterThanOrEqual(3);
  });

  it.each([
    '--mantine-color-dimmed',
    '--mantine-color-placeholder',
    '--fl-accent',
    '--fl-done',
    '--fl-attention',
    '--fl-failed',
  ])('reads %s as text on the page', (name) => expect(contrast(color(name), ground)).toBeGreaterThanOrEqual(4.5));

  it('reads what needs attention, and what failed, on their own grounds', () => {
    expect(contrast(color('--fl-attention'), color('--fl-attention-ground'))).toBeGreaterThanOrEqual(4.5);
    expect(contrast(color('--fl-failed'), color('--fl-failed-ground'))).toBeGreaterThanOrEqual(4.5);
  });
});
