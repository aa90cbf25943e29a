import path from 'node:path';
import type { Handlers } from '../../../src-shared/contract/index.ts';
import type { VAULT_CALLS } from '../../../src-shared/contract/vault.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import type { Vault } from '../../master/vault/vault.ts';

export interface VaultHandlerParts {
  vault: Vault;
}

/** Returns the handlers for originals in the vault. */
export function vaultHandlers({ vault }: VaultHandlerParts): Pick<Handlers, keyof typeof VAULT_CALLS> {
  return {
    'vault.list': (part) => vault.list(part),
    'vault.tally': (filter) => vault.tally(filter),
    'vault.restore': ({ path: place, ...rest }) => {
      const rows = vault.select({ ...rest, ...(place && { path: path.resolve(place) }) });
      if (rows.length === 0)
        throw new Fault('missing', `The vault has no original of ${place ?? rest.ids?.join(', ') ?? 'any video'}.`);
      return vault.restoreAll(rows);
    },
    'vault.purge': ({ ids, filter, except, ...options }) =>
      vault.purge({
        ...options,
        byUser: true,
        ...((ids || filter) && { rows: vault.select({ ids, filter, except }) }),
      }),
    'vault.history': (part) => vault.history(part),
  };
}
