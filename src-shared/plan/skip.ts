import { z } from 'zod';

export const SKIP_CODES = [
  'alpha',
  'av1',
  'captions',
  'changes',
  'chapters',
  'colors',
  'container-refuses',
  'damaged',
  'data',
  'disc',
  'dolby-vision',
  'dynamic-hdr',
  'empty',
  'fields',
  'hard-linked',
  'hdr10-plus',
  'layers',
  'no-film',
  'no-savings',
  'old-ffmpeg',
  'placeholder',
  'restored',
  'size',
  'stereo',
  'too-damaged',
  'unknown-codec',
  'unreadable',
  'user',
] as const;

export const SkipCode = z.enum(SKIP_CODES);

export type SkipCode = z.infer<typeof SkipCode>;

/** Why a file is left as it is. */
export const Skip = z.object({
  kind: z.literal('skip'),
  code: SkipCode,
  /** One sentence that a user understands. */
  reason: z.string(),
});

export type Skip = z.infer<typeof Skip>;
