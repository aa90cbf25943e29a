import type { Stage } from '../jobs/lease.ts';

/** The stages of a running video. */
export const STAGE_LABELS: Record<Stage, string> = {
  fetching: 'Fetching',
  preparing: 'Analyzing',
  encoding: 'Encoding',
  uploading: 'Uploading',
  staging: 'Copying',
  checking: 'Verifying',
  replacing: 'Replacing',
};
