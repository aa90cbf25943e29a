import type { Stage } from './lease.ts';

/** What happens to a film at present. */
export const STAGE_WORDS: Record<Stage, string> = {
  fetching: 'Fetching',
  preparing: 'Preparing',
  encoding: 'Encoding',
  uploading: 'Uploading',
  staging: 'Storing',
  checking: 'Checking',
  replacing: 'Replacing',
};
