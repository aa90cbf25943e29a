import { Button, Group } from '@mantine/core';
import { modals } from '@mantine/modals';
import type { Output } from '../../../src-shared/contract.ts';
import { formatBytes } from '../../../src-shared/format.ts';
import { tell, useAction } from '../../store/calls.ts';
import { nameOf } from '../../words.ts';
import { runAction } from '../library/actions.tsx';
import { FileMenu } from '../library/file-menu.tsx';

/** The one likely next step for a film as a button, the others in the menu. */
export function FileButtons({ detail: { file, original } }: { detail: Output<'file.get'> }) {
  const restore = useAction('vault.restore', ['file.get', 'vault.list', 'vault.tally']);
  const files = [file.id];
  const askRestore = () => {
    if (!original) return;
    modals.openConfirmModal({
      title: `Take back the original, ${formatBytes(original.size)}?`,
      children: `${nameOf(file.path)} is put back as it was, and the result of ${formatBytes(original.resultSize)} is removed. Flotilla leaves the film alone from then on.`,
      labels: { confirm: 'Take back the original', cancel: 'Keep the result' },
      onConfirm: () =>
        restore.mutate(
          { ids: [original.id] },
          { onSuccess: ({ refused: [why] }) => tell(why ?? 'The original is back in its place.') },
        ),
    });
  };
  return (
    <Group gap="xs">
      {(file.state === 'failed' || file.state === 'blocked') && (
        <Button onClick={() => runAction('retry', { files })}>Try again</Button>
      )}
      {file.state === 'skipped' && file.code !== 'av1' && (
        <Button variant="default" onClick={() => runAction('retry', { files })}>
          Convert it all the same
        </Button>
      )}
      {(file.state === 'queued' || file.state === 'running') && (
        <Button variant="default" onClick={() => runAction('cancel', { files })}>
          Cancel
        </Button>
      )}
      {original && (
        <Button variant="default" loading={restore.isPending} onClick={askRestore}>
          Take back the original
        </Button>
      )}
      <FileMenu file={file} />
    </Group>
  );
}
