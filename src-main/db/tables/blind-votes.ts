import { z } from 'zod';
import type { Verdict } from '../../../src-shared/media/blind-votes.ts';
import type { Db } from '../open.ts';
import { statements } from '../statements.ts';

const Counts = z.object({ source: z.number(), result: z.number(), same: z.number() });

/** What users said in blind comparisons: one vote for each place of a video. */
export class BlindVoteTable {
  readonly #sql: ReturnType<typeof statements>;

  constructor(db: Db) {
    this.#sql = statements(db);
  }

  /**
   * Keeps a vote; a later one for the same place takes its place.
   * @param target dB that the result was to come to; null where its CRF came from the table
   */
  cast(vote: { file: number; position: number; target: number | null; verdict: Verdict }): void {
    const sql = `INSERT OR REPLACE INTO blind_votes (file, position, target, verdict)
      VALUES (@file, @position, @target, @verdict)`;
    this.#sql(sql).run(vote);
  }

  /** Counts the votes on results that were to come to a target. */
  count(target: number | null): Record<Verdict, number> {
    const of = (verdict: Verdict) => `count(*) FILTER (WHERE verdict = '${verdict}') AS ${verdict}`;
    const sql = `SELECT ${of('source')}, ${of('result')}, ${of('same')} FROM blind_votes WHERE target IS ?`;
    return Counts.parse(this.#sql(sql).get(target));
  }
}
