import type { BigIntStats } from 'node:fs';
import path from 'node:path';
import type { SkipCode } from '../../src-shared/plan.ts';
import { partOf } from './disc.ts';
import { isPlaceholder } from './placeholder.ts';

/** Codes of {@link whyLeftAlone}: what is around a film may change without the film, so they are asked for anew at each scan. */
export const ASIDE_CODES = ['disc', 'placeholder'] as const satisfies SkipCode[];

/**
 * Why a film must not be read and replaced where it lies, as far as its place and its stat tell: not a byte of it is read.
 * @param file absolute
 */
export async function whyLeftAlone(
  file: string,
  stat: BigIntStats,
): Promise<{ code: (typeof ASIDE_CODES)[number]; reason: string } | undefined> {
  const whole = await partOf(file);
  if (whole) {
    const reason = `${path.basename(file)} is part of ${whole}, where other files refer to it, so it stays as it is.`;
    return { code: 'disc', reason };
  }
  if (!(await isPlaceholder(file, stat))) return undefined;
  const reason = `Only a placeholder of ${path.basename(file)} is on this computer; have its cloud program keep it here, and it is looked at again.`;
  return { code: 'placeholder', reason };
}
