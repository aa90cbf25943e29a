import { Button, Group, Stack, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { messageOf } from '../../src-shared/util/errors.ts';

/** Shown where something couldn't be loaded: the error in its own sentence, and a button to retry. */
export function ErrorAlert({ error, retry }: { error: unknown; retry?: () => void }) {
  return (
    <Stack role="alert" gap="xs" py="lg" align="flex-start">
      <Group gap="xs" wrap="nowrap" c="var(--fl-failed)">
        <IconAlertTriangle size={20} stroke={1.75} aria-hidden />
        <Text>{messageOf(error)}</Text>
      </Group>
      {retry && (
        <Button variant="default" onClick={retry}>
          Retry
        </Button>
      )}
    </Stack>
  );
}
