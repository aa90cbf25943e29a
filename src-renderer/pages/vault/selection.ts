import { useState } from 'react';
import type { VaultEntry, VaultFilter } from '../../../src-shared/contract/vault.ts';

/** What an action of the vault is for: named originals, or all that pass a filter but for some. */
export type Chosen = { ids: string[] } | { filter: VaultFilter; except: string[] };

interface State {
  /** Everything that passes the filter, but for `marked`. */
  all: boolean;
  marked: ReadonlyMap<string, VaultEntry>;
}

export interface Selection {
  count: number;
  bytes: number;
  all: boolean;
  chosen: Chosen;
  has: (entry: VaultEntry) => boolean;
  toggle: (entry: VaultEntry) => void;
  toggleAll: () => void;
  clear: () => void;
}

const NONE: State = { all: false, marked: new Map() };

/** The originals that the user has selected among those that pass `filter`; another filter starts over. */
export function useSelection(filter: VaultFilter, matching: { count: number; bytes: number }): Selection {
  const [state, setState] = useState(NONE);
  const [of, setOf] = useState(filter);
  if (of !== filter) {
    setOf(filter);
    setState(NONE);
  }
  const { all, marked } = state;
  const bytes = [...marked.values()].reduce((sum, { size }) => sum + size, 0);
  const ids = [...marked.keys()];
  return {
    all,
    count: all ? matching.count - ids.length : ids.length,
    bytes: all ? matching.bytes - bytes : bytes,
    chosen: all ? { filter, except: ids } : { ids },
    has: ({ id }) => marked.has(id) !== all,
    toggle: (entry) =>
      setState(() => {
        const next = new Map(marked);
        if (!next.delete(entry.id)) next.set(entry.id, entry);
        return { all, marked: next };
      }),
    toggleAll: () => setState(all || marked.size > 0 ? NONE : { all: true, marked: new Map() }),
    clear: () => setState(NONE),
  };
}
