import { Button, FileButton, Group, Stack, Text } from '@mantine/core';
import { modals } from '@mantine/modals';
import { IconDownload, IconUpload } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { formatBytes } from '../../../src-shared/text/format.ts';
import { ErrorAlert } from '../../components/error-alert.tsx';
import { Loading } from '../../components/loading.tsx';
import { Notice } from '../../components/notice.tsx';
import { Section } from '../../components/page.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { BASE } from '../../lib/base-path.ts';
import { nameOf } from '../../lib/labels.ts';
import { upload } from '../../lib/upload.ts';
import { notifyError, queries, useAction, useCall } from '../../store/queries.ts';
import classes from './settings.module.css';

/** Backups of the database: to keep a copy elsewhere, and to go back to one. */
export function BackupSection() {
  const backup = useCall('backup.get', {});
  const cancel = useAction('backup.cancelRestore', ['backup.get']);
  const send = useMutation({
    mutationFn: (file: File) => upload('/api/backup', file),
    onError: notifyError,
    onSuccess: () => queries.invalidateQueries({ queryKey: ['backup.get'] }),
  });
  const ask = (file: File | null) =>
    file &&
    modals.openConfirmModal({
      title: `Restore ${file.name} (${formatBytes(file.size)})?`,
      children:
        'Replaces the list of videos, the queue, the history, and all settings with those of the backup at the next start. No video is changed: what was converted since then is found again, with its originals in the vault.',
      labels: { confirm: 'Upload and restore', cancel: 'Cancel' },
      onConfirm: () => send.mutate(file),
    });
  if (backup.error) return <ErrorAlert error={backup.error} retry={backup.refetch} />;
  if (!backup.data) return <Loading lines={4} />;
  const { backups, pending } = backup.data;
  return (
    <div className={classes.form}>
      <Section title="Download">
        <Stack gap="sm" align="flex-start">
          <Text c="dimmed">
            A backup holds the list of videos, the queue, the history, and all settings, but no videos. Keep it where
            only you can read it.
          </Text>
          <Button
            component="a"
            href={`${BASE}/api/backup`}
            download
            leftSection={<IconDownload size={16} aria-hidden />}
          >
            Download backup
          </Button>
        </Stack>
      </Section>
      <Section title="Restore">
        {pending ? (
          <Notice title="Restart Flotilla to finish restoring">
            <Stack gap="sm" align="flex-start">
              <Text>
                A backup ({formatBytes(pending.size)}) was uploaded <RelativeTime time={pending.madeAt} /> and verified.
                It takes the place of the database at the next start, and the current one is kept beside it.
              </Text>
              <Button variant="default" loading={cancel.isPending} onClick={() => cancel.mutate({})}>
                Don't restore it
              </Button>
            </Stack>
          </Notice>
        ) : (
          <Stack gap="sm" align="flex-start">
            <Text c="dimmed">Choose a file that was downloaded here, or one of the daily backups below.</Text>
            <FileButton accept=".db" onChange={ask} inputProps={{ 'aria-label': 'Backup file' }}>
              {(props) => (
                <Button
                  {...props}
                  variant="default"
                  loading={send.isPending}
                  leftSection={<IconUpload size={16} aria-hidden />}
                >
                  Restore from a file…
                </Button>
              )}
            </FileButton>
          </Stack>
        )}
      </Section>
      <Section title="Daily backups on this computer">
        {backups.length === 0 ? (
          <Text c="dimmed">None yet. Flotilla makes one every day and keeps the last seven.</Text>
        ) : (
          backups.map(({ file, madeAt, size }) => (
            <Group key={file} gap="sm" className={classes.finding} title={file}>
              <Text className={classes.grow} truncate>
                {nameOf(file)}
              </Text>
              <Text c="dimmed">
                <RelativeTime time={madeAt} />, {formatBytes(size)}
              </Text>
            </Group>
          ))
        )}
      </Section>
    </div>
  );
}
