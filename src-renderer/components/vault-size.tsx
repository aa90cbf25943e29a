import { formatBytes } from '../../src-shared/text/format.ts';
import { useCall } from '../store/queries.ts';

/** The space that the originals in the vault take; nothing while there are none. */
export function VaultSize() {
  const { data } = useCall('vault.tally', {});
  return data && data.bytes > 0 ? formatBytes(data.bytes) : null;
}
