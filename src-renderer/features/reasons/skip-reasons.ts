import type { SkipCode } from '../../../src-shared/plan/skip.ts';

const REASON_LABELS: Record<SkipCode, string> = {
  alpha: 'Transparency',
  av1: 'Already AV1',
  captions: 'Captions in the picture',
  changes: 'Changes mid-video',
  chapters: 'Special chapters',
  colors: 'Contradictory colors',
  'container-refuses': 'Unsupported by container',
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
  'no-film': 'Not a video',
  'no-savings': 'No savings',
  'old-ffmpeg': 'ffmpeg too old or limited',
  placeholder: 'Not on this computer',
  restored: 'Original restored',
  size: 'Picture size',
  stereo: '3D',
  'too-damaged': 'Too damaged to convert',
  'unknown-codec': 'Unknown codec',
  unreadable: 'Unreadable',
  user: 'Skipped by you',
};

/** Codes of videos that failed or are blocked. */
const PROBLEM_LABELS: Record<string, string> = {
  attempts: 'Conversion failed',
  'not-checked': "Couldn't be verified",
  'not-probed': "Couldn't be analyzed",
  'not-replaceable': "Can't be replaced",
  'not-replaced': 'Replacement failed',
  wasted: 'Retried too often',
};

/** Why a video is in its state, in two words; other codes are shown readably. */
export function reasonLabel(code: string): string {
  const known = (REASON_LABELS as Record<string, string>)[code] ?? PROBLEM_LABELS[code];
  if (known) return known;
  const words = code.replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
