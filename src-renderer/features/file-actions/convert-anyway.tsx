import { Stack, Text } from '@mantine/core';
import { modals } from '@mantine/modals';
import type { FileView } from '../../../src-shared/contract/file-view.ts';
import { ruleOf } from '../../../src-shared/plan/override.ts';
import type { SkipCode } from '../../../src-shared/plan/skip.ts';
import { nameOf } from '../../lib/labels.ts';
import { call } from '../../lib/transport.ts';
import { notify, notifyError } from '../../store/queries.ts';

/** Returns what a conversion costs that overrules these skip codes, each sentence once. */
export const lossesOf = (codes: readonly SkipCode[]): string[] => [
  ...new Set(codes.flatMap((code) => ruleOf(code)?.loss ?? [])),
];

/** Asks whether a skipped video is to be converted despite its rule, and says what that costs. */
export function confirmConvertAnyway(
  { id, path, reason }: Pick<FileView, 'id' | 'path' | 'reason'>,
  override: SkipCode[],
): void {
  const convert = () => call('file.retry', { files: [id], override: true });
  modals.openConfirmModal({
    title: `Convert ${nameOf(path)} anyway?`,
    children: (
      <Stack gap="xs">
        <Text>{reason}</Text>
        {lossesOf(override).map((loss) => (
          <Text key={loss}>{loss}</Text>
        ))}
        <Text c="dimmed">The original is kept in the vault as usual.</Text>
      </Stack>
    ),
    labels: { confirm: 'Convert anyway', cancel: 'Cancel' },
    onConfirm: () => convert().then(() => notify('Added to the queue.'), notifyError),
  });
}
