import { describe, expect, it } from 'vitest';
import type { WastedAttempt, WastedAttempts } from '../../db/tables/wasted-attempts.ts';
import { whyWasted } from './wasted-work.ts';

const VIDEO = { file: 1, job: 1 };

/** Attempts that took their Flotilla along, the newest first, by the chunks that were done. */
function crashes(...chunks: (number | null)[]): WastedAttempts {
  const all = chunks.map(
    (done): WastedAttempt => ({
      ...{ job: 1, worker: 'here', outcome: 'interrupted', reason: null, vain: 2, chunks: done },
    }),
  );
  return { sinceDone: () => all } as unknown as WastedAttempts;
}

describe('whyWasted', () => {
  it('has a video blocked that Flotilla crashed with three times', () => {
    expect(whyWasted(crashes(null, null), VIDEO)).toBeUndefined();
    expect(whyWasted(crashes(null, null, null), VIDEO)).toMatch(/during the last 3 conversions/);
  });

  it("doesn't count attempts that finished chunks, which the next one took up", () => {
    expect(whyWasted(crashes(9, 7, 4, 2), VIDEO)).toBeUndefined();
    expect(whyWasted(crashes(7, 7, 7, 4), VIDEO)).toBeUndefined();
  });

  it('counts attempts that came no farther than those before', () => {
    expect(whyWasted(crashes(7, 7, 7, 7, 4), VIDEO)).toMatch(/during the last 3 conversions/);
    expect(whyWasted(crashes(0, 0, 0), VIDEO)).toMatch(/during the last 3 conversions/);
  });
});
