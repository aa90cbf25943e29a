import { Button, EmptyState, Group, Skeleton, Stack, Text } from '@mantine/core';
import { IconAlertTriangle, type TablerIcon } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { messageOf } from '../../src-shared/errors.ts';
import { formatBytes, savedPercent } from '../../src-shared/format.ts';
import { ago, exactly } from '../words.ts';

/** A time as people say it; the exact one on hover. */
export function When({ time }: { time: number }) {
  return (
    <time dateTime={new Date(time).toISOString()} title={exactly(time)}>
      {ago(time)}
    </time>
  );
}

/** What a conversion saved: `−812 MB, 41 %`. */
export function Saving({ before, after }: { before: number | null; after: number | null }) {
  if (before === null || after === null) return null;
  return (
    <span>
      {formatBytes(after - before)}{' '}
      <Text span c="dimmed">
        {savedPercent(before, after)}
      </Text>
    </span>
  );
}

/** What will be here, and the one button that makes it so. */
export function Nothing(props: { icon: TablerIcon; title: string; children: ReactNode; action?: ReactNode }) {
  const { icon: Icon, title, children, action } = props;
  return (
    <EmptyState
      size="sm"
      py="xl"
      icon={<Icon size={32} stroke={1.5} aria-hidden />}
      title={title}
      description={children}
    >
      {action && <EmptyState.Actions>{action}</EmptyState.Actions>}
    </EmptyState>
  );
}

/** Something could not be shown: the sentence, and a way to try again. */
export function Trouble({ error, retry }: { error: unknown; retry?: () => void }) {
  return (
    <Stack role="alert" gap="xs" py="lg" align="flex-start">
      <Group gap="xs" wrap="nowrap" c="var(--fl-failed)">
        <IconAlertTriangle size={20} stroke={1.75} aria-hidden />
        <Text>{messageOf(error)}</Text>
      </Group>
      {retry && (
        <Button variant="default" onClick={retry}>
          Try again
        </Button>
      )}
    </Stack>
  );
}

/** Grey lines in the shape of a list that is on its way. */
export function Loading({ lines = 4, height = 40 }: { lines?: number; height?: number }) {
  return (
    <Stack gap={8} role="status" aria-busy aria-label="Loading">
      {Array.from({ length: lines }, (_, line) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: grey lines have no identity
        <Skeleton key={line} height={height} />
      ))}
    </Stack>
  );
}
