import type { ScanReport } from '../../../src-shared/contract/libraries.ts';
import { count } from '../../../src-shared/text/format.ts';

const NUMBERS = ['added', 'changed', 'moved', 'missing'] as const;

/** What scans found together: `Films: 3 new videos, 1 changed, 0 moved, 0 missing.` */
export function scanText(scans: readonly Pick<ScanReport, (typeof NUMBERS)[number]>[], library?: string): string {
  const [added = 0, ...others] = NUMBERS.map((key) => scans.reduce((sum, scan) => sum + scan[key], 0));
  const [changed, moved, missing] = others.map((n) => n.toLocaleString('en'));
  const where = library === undefined ? '' : `${library}: `;
  return `${where}${count(added, 'new video')}, ${changed} changed, ${moved} moved, ${missing} missing.`;
}
