import type { BigIntStats } from 'node:fs';
import path from 'node:path';
import type { SkipCode } from '../../../src-shared/plan/skip.ts';
import { isPlaceholder } from './cloud-placeholder.ts';
import { partOf } from './disc-folders.ts';

/** Codes of {@link whyLeftAlone}: the surroundings of a video can change without the video, so each scan checks them again. */
export const ASIDE_CODES = ['disc', 'placeholder'] as const satisfies SkipCode[];

/**
 * Why a video must not be read and replaced where it lies, as far as its place and its stat tell: not a byte of it is read.
 * @param file absolute
 */
export async function whyLeftAlone(
  file: string,
  stat: BigIntStats,
): Promise<{ code: (typeof ASIDE_CODES)[number]; reason: string } | undefined> {
  const whole = await partOf(file);
  if (whole) {
    const reason = `${path.basename(file)} is part of ${whole}, where other files refer to it, so it's skipped.`;
    return { code: 'disc', reason };
  }
  if (!(await isPlaceholder(file, stat))) return undefined;
  const reason = `Only a placeholder of ${path.basename(file)} is on this computer. Make it available offline in its cloud app, and Flotilla analyzes it again.`;
  return { code: 'placeholder', reason };
}
