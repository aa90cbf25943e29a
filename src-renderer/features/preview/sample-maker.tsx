import { Button, Group, Progress, Stack, Text } from '@mantine/core';
import { useEffect, useState } from 'react';
import type { FileView } from '../../../src-shared/contract/file-view.ts';
import type { Events, Output } from '../../../src-shared/contract/index.ts';
import { formatBytes, formatDuration } from '../../../src-shared/text/format.ts';
import { about, STAGE_LABELS } from '../../lib/labels.ts';
import { on } from '../../lib/transport.ts';
import { useAction } from '../../store/queries.ts';

type Sample = NonNullable<Output<'file.get'>['sample']>;

/** Converts a few seconds of a video, so that the user sees the result before anything is replaced. */
export function SampleMaker({ file, sample }: { file: FileView; sample: Sample | null }) {
  const [progress, setProgress] = useState<Events['sample']['progress'] | null>(null);
  const make = useAction('file.sample', ['file.get', 'library.dryRun']);
  const stop = useAction('file.stopSample');
  useEffect(() => on('sample', (event) => event.file === file.id && setProgress(event.progress)), [file.id]);
  if (make.isPending) {
    return (
      <Stack gap="xs">
        <Group justify="space-between">
          <Text role="status">{progress ? `${STAGE_LABELS[progress.stage]} a sample…` : 'Starting…'}</Text>
          <Button variant="default" loading={stop.isPending} onClick={() => stop.mutate({ file: file.id })}>
            Stop
          </Button>
        </Group>
        <Progress value={(progress?.share ?? 0) * 100} size={4} color="var(--fl-accent)" aria-label="Sample" />
      </Stack>
    );
  }
  return (
    <Group justify="space-between" wrap="nowrap">
      <Text c="dimmed">
        {sample
          ? `Sample (${formatDuration(sample.seconds)}): ${formatBytes(sample.sourceBytes)} became ${formatBytes(sample.resultBytes)}. Whole video: roughly ${formatBytes(sample.estimate)}, ${about(sample.encodeSeconds)} on this computer.`
          : 'See what the result looks like before anything is replaced.'}
      </Text>
      <Button
        variant={sample ? 'default' : 'light'}
        flex="none"
        onClick={() => {
          setProgress(null);
          make.mutate({ file: file.id });
        }}
      >
        {sample ? 'New sample' : 'Make a sample'}
      </Button>
    </Group>
  );
}
