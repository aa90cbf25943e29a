import { Button, Group, Stack, Text } from '@mantine/core';
import { modals } from '@mantine/modals';
import type { Output } from '../../../src-shared/contract.ts';
import type { FileView } from '../../../src-shared/file-view.ts';
import { formatBytes } from '../../../src-shared/format.ts';
import { tell, tellTrouble, useAction } from '../../store/calls.ts';
import { call } from '../../transport.ts';
import { nameOf } from '../../words.ts';
import { runAction } from '../library/actions.tsx';
import { FileMenu } from '../library/file-menu.tsx';

/** Asks whether a damaged video is to be converted as far as it can be read, and says what would be lost. */
function askConvertDamaged({ id, path, reason }: FileView): void {
  const convert = () => call('file.retry', { files: [id], convertDamaged: true });
  modals.openConfirmModal({
    title: `Convert ${nameOf(path)} although it is damaged?`,
    children: (
      <Stack gap="xs">
        <Text>{reason}</Text>
        <Text>The converted video won't contain what can't be read. The original is kept in the vault as usual.</Text>
      </Stack>
    ),
    labels: { confirm: 'Convert anyway', cancel: 'Cancel' },
    onConfirm: () => convert().then(() => tell('Added to the queue.'), tellTrouble),
  });
}

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
      {file.state === 'skipped' && file.code === 'damaged' && (
        <Button variant="default" onClick={() => askConvertDamaged(file)}>
          Convert anyway…
        </Button>
      )}
      {file.state === 'skipped' && file.code !== 'av1' && file.code !== 'damaged' && (
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
