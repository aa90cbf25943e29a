import { Button, Group } from '@mantine/core';
import { modals } from '@mantine/modals';
import type { Output } from '../../../src-shared/contract/index.ts';
import { formatBytes } from '../../../src-shared/text/format.ts';
import { runAction } from '../../features/file-actions/actions.tsx';
import { confirmConvertAnyway } from '../../features/file-actions/convert-anyway.tsx';
import { FileMenu, isSkippedByUser } from '../../features/file-actions/file-menu.tsx';
import { notify, useAction } from '../../store/queries.ts';

/** The one likely next step for a video as a button, the others in the menu. */
export function FileButtons({ detail: { file, original, override } }: { detail: Output<'file.get'> }) {
  const restore = useAction('vault.restore', ['file.get', 'vault.list', 'vault.tally']);
  const files = [file.id];
  const askRestore = () => {
    if (!original) return;
    modals.openConfirmModal({
      title: `Restore original (${formatBytes(original.size)})?`,
      children: `Restores the original and deletes the converted file (${formatBytes(original.resultSize)}). Flotilla won't convert this video again.`,
      labels: { confirm: 'Restore original', cancel: 'Cancel' },
      onConfirm: () =>
        restore.mutate(
          { ids: [original.id] },
          { onSuccess: ({ refused: [why] }) => notify(why ?? 'Original restored.') },
        ),
    });
  };
  return (
    <Group gap="xs">
      {(file.state === 'failed' || file.state === 'blocked') && (
        <Button onClick={() => runAction('retry', { files })}>Retry</Button>
      )}
      {override && (
        <Button variant="default" onClick={() => confirmConvertAnyway(file, override)}>
          Convert anyway…
        </Button>
      )}
      {isSkippedByUser(file) && (
        <Button variant="default" onClick={() => runAction('retry', { files })}>
          Convert
        </Button>
      )}
      {(file.state === 'queued' || file.state === 'running') && (
        <Button variant="default" onClick={() => runAction('cancel', { files })}>
          {file.state === 'running' ? 'Cancel conversion' : 'Remove from queue'}
        </Button>
      )}
      {original && (
        <Button variant="default" loading={restore.isPending} onClick={askRestore}>
          Restore original
        </Button>
      )}
      <FileMenu file={file} />
    </Group>
  );
}
