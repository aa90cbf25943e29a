import { formatBytes } from '../../../src-shared/text/format.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import type { Purged, VaultRow } from '../../db/tables/swaps.ts';
import { exists } from '../../fs/safe-fs.ts';
import { identify, sameContent } from '../files/file-identity.ts';
import { putBack } from '../files/set-aside.ts';
import type { VaultParts } from '../replace/swap.ts';
import { removeKept } from './vault-folder.ts';

/** Dependencies of a purger. */
export interface PurgerParts extends Pick<VaultParts, 'swaps' | 'lock' | 'clock'> {
  /** True while originals are kept until a user purges them. */
  isTesting: () => boolean;
  /** True for files in a library in which another Flotilla works. */
  isForeign: (file: string) => boolean;
  /** True for originals that are being restored, or will be. */
  isWanted: (id: string) => boolean;
  /** Called with each original that was removed permanently. */
  purged: (entry: Purged) => void;
  /** Called at the end of a purge that removed any. */
  purgeEnded: (report: { purged: number; bytes: number; by: Purged['by'] }) => void;
}

/** Which originals to purge, and how. */
export interface PurgeOptions {
  all: boolean;
  dryRun: boolean;
  /** Leaves out originals that were replaced later than this, in milliseconds since 1970. */
  asOf?: number | undefined;
  /** Exactly these, expired or not. */
  rows?: readonly VaultRow[] | undefined;
  /** A user asked for it, also where it is about expired originals. */
  byUser?: boolean | undefined;
}

/** Number of originals that a purge removed, and those that it kept. */
export interface PurgeReport {
  purged: number;
  bytes: number;
  /** Sentences about originals that were kept. */
  kept: string[];
  /** When the originals were selected, in milliseconds since 1970: none was replaced later. */
  asOf: number;
}

/** Removes originals from the vault permanently. */
export class Purger {
  readonly #parts: PurgerParts;

  constructor(parts: PurgerParts) {
    this.#parts = parts;
  }

  /**
   * Removes originals permanently: expired ones, all, or those of `rows`. An original whose result is missing is always kept,
   * and one whose result was changed since is kept unless a user named it. Nothing expires in testing mode or while the date of
   * this computer is in doubt, except originals with a keeping time of zero.
   */
  async purge({ all, dryRun, asOf, rows, byUser = false }: PurgeOptions): Promise<PurgeReport> {
    const chosen = (rows ?? this.#parts.swaps.vault()).filter(({ replaced }) => asOf === undefined || replaced <= asOf);
    // Rows are later than the clock where it was set back.
    const latest = chosen.reduce((time, { replaced }) => Math.max(time, replaced), asOf ?? Date.now());
    const report: PurgeReport = { purged: 0, bytes: 0, kept: [], asOf: latest };
    const isNamed = all || rows !== undefined;
    const by = isNamed || byUser ? 'user' : 'time';
    const mayGo = (row: VaultRow) => isNamed || this.isDue(row);
    for (const { id, kept } of rows ? chosen : chosen.filter(mayGo)) {
      const work = async () => {
        const row = this.#parts.swaps.vaultEntry(id);
        if (!row || !mayGo(row)) return undefined;
        if (this.#parts.isForeign(row.kept)) return 'is kept: another Flotilla works in its library';
        if (this.#parts.isWanted(id) || this.#parts.swaps.restoring().includes(id))
          return 'is kept: it is being restored';
        return this.#purge(row, { isNamed, dryRun, by }, report);
      };
      const reason = await this.#parts.lock.tryHold(kept, work).catch((error) => {
        if (!(error instanceof Fault && error.code === 'node')) throw error;
        return `is kept: ${error.message.replace(/\.$/, '')}`;
      });
      const row = reason && this.#parts.swaps.vaultEntry(id);
      if (row) report.kept.push(`${row.original} (${formatBytes(row.identity.size)}) ${reason}.`);
    }
    if (report.purged > 0 && !dryRun) this.#parts.purgeEnded({ purged: report.purged, bytes: report.bytes, by });
    return report;
  }

  /** True for an original whose time is over, as far as the date can be trusted. */
  isDue({ due, keep_days: days }: VaultRow): boolean {
    const { clock, isTesting } = this.#parts;
    if (due === null || isTesting() || due > clock.now) return false;
    return clock.isTrusted || days === 0;
  }

  /** @returns why it stays, if so */
  async #purge(
    row: VaultRow,
    { isNamed, dryRun, by }: { isNamed: boolean; dryRun: boolean; by: Purged['by'] },
    report: PurgeReport,
  ): Promise<string | undefined> {
    const whyNot = async () => {
      const result = await identify(row.result);
      if (!result) return 'is kept: its result is missing';
      return isNamed || sameContent(result, row.result_identity) ? undefined : 'is kept: its result has changed';
    };
    const reason = await whyNot();
    if (reason) return reason;
    if (!dryRun) {
      if (!(await exists(row.kept)) && !(await putBack(row.kept, row.id))) {
        this.#parts.swaps.forget(row.id);
        return undefined;
      }
      let now: string | undefined;
      const isGone = await removeKept(row.kept, async () => {
        now = await whyNot();
        return now === undefined;
      });
      if (!isGone) return now ?? 'could not be removed';
      this.#parts.purged(this.#parts.swaps.purge(row, by));
    }
    report.purged += 1;
    report.bytes += row.identity.size;
    return undefined;
  }
}
