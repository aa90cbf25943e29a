import { modals } from '@mantine/modals';
import type { CallName, Input } from '../../../src-shared/contract/index.ts';
import { count, formatBytes } from '../../../src-shared/text/format.ts';
import { call } from '../../lib/transport.ts';
import { notify, notifyError, useAction } from '../../store/queries.ts';
import { purgeText } from './purge-text.ts';
import type { Chosen } from './selection.ts';

const CHANGES: CallName[] = ['vault.list', 'vault.tally'];

/** Shows what was done, how many originals were left out, and why the first of them was. */
function notifyResult(done: string, left: readonly string[]): void {
  const [first] = left;
  if (first === undefined) notify(done);
  else
    notifyError(
      `${done} ${count(left.length, 'original')} left as ${left.length === 1 ? 'it was' : 'they were'}: ${first}`,
    );
}

/** Asks before originals are deleted, with their number and size, and deletes them. */
export function usePurge(done: () => void) {
  const purge = useAction('vault.purge', CHANGES);
  const ask = async (wanted: Input<'vault.purge'>) => {
    try {
      const { purged, bytes, kept, asOf } = await call('vault.purge', { ...wanted, dryRun: true });
      if (purged === 0) return notify(kept[0] ?? 'Nothing to purge.');
      const what = `${count(purged, 'original')}, ${formatBytes(bytes)}`;
      modals.openConfirmModal({
        title: `Purge ${what}?`,
        children: purgeText(purged, kept),
        labels: { confirm: `Purge ${what}`, cancel: 'Cancel' },
        confirmProps: { color: 'red' },
        onConfirm: () =>
          // Nothing that was added while the question stood is deleted with it.
          purge.mutate(
            { ...wanted, asOf },
            {
              onSuccess: (report) => {
                done();
                notifyResult(`${formatBytes(report.bytes)} freed.`, report.kept);
              },
            },
          ),
      });
    } catch (error) {
      notifyError(error);
    }
  };
  return { ask, busy: purge.isPending };
}

/** Asks before originals take the place of their results again, and restores them. */
export function useRestore(done: () => void) {
  const restore = useAction('vault.restore', CHANGES);
  const ask = (chosen: Chosen, n: number, what: string) =>
    modals.openConfirmModal({
      title: `Restore ${what}?`,
      children:
        n === 1
          ? "Puts the original back and deletes the converted video. Flotilla won't convert this video again unless you retry it."
          : "Puts the originals back and deletes the converted videos. Flotilla won't convert these videos again unless you retry them.",
      labels: { confirm: n === 1 ? 'Restore original' : `Restore ${count(n, 'original')}`, cancel: 'Cancel' },
      onConfirm: () =>
        // A promise, since a row goes before mutate's own callback would be called.
        restore.mutateAsync(chosen).then(
          ({ restored, refused }) => {
            done();
            notifyResult(
              restored.length === 1 ? 'Original restored.' : `${count(restored.length, 'original')} restored.`,
              refused,
            );
          },
          () => undefined,
        ),
    });
  return { ask, busy: restore.isPending };
}
