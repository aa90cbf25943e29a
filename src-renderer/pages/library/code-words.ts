import type { SkipCode } from '../../../src-shared/plan.ts';

const WORDS: Record<SkipCode, string> = {
  alpha: 'Transparency',
  av1: 'Already AV1',
  captions: 'Captions in the picture',
  changes: 'Changes in mid-video',
  chapters: 'Special chapters',
  colors: 'Contradictory colors',
  'container-refuses': 'Container refuses it',
  damaged: 'Damaged',
  data: 'Tracks would be lost',
  disc: 'Part of a disc',
  'dolby-vision': 'Dolby Vision',
  'dynamic-hdr': 'Dynamic HDR',
  empty: 'Empty',
  fields: 'Single fields',
  'hard-linked': 'Hard-linked',
  'hdr10-plus': 'HDR10+',
  layers: 'Hidden layers',
  'no-film': 'Not a film',
  'no-savings': 'Nothing saved',
  'old-ffmpeg': 'ffmpeg too old or limited',
  placeholder: 'Not on this computer',
  restored: 'Original taken back',
  size: 'Picture size',
  stereo: '3D',
  'unknown-codec': 'Unknown codec',
  unreadable: 'Not readable',
  user: 'Your choice',
};

/** Why a film is as it is, in two words; codes of other kinds are shown as they are, readably. */
export function codeWords(code: string): string {
  const known = (WORDS as Record<string, string>)[code];
  if (known) return known;
  const words = code.replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
