import { ActionIcon, Button, Group, Menu, Stack, Text } from '@mantine/core';
import { modals } from '@mantine/modals';
import { IconDotsVertical, IconFolder, IconFolderPlus } from '@tabler/icons-react';
import { Link } from 'wouter';
import type { LibraryView } from '../../../src-shared/contract/index.ts';
import { count } from '../../../src-shared/text/format.ts';
import { libraryAddress } from '../../../src-shared/text/library-url.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { Loading } from '../../components/loading.tsx';
import { useScan } from '../../features/library/use-scan.tsx';
import { useLive } from '../../store/live.ts';
import { useAction, useCall } from '../../store/queries.ts';
import { SettingGroups } from './setting-groups.tsx';
import classes from './settings.module.css';

function LibraryRow({ library: { id, root, watched, paused, held, owner } }: { library: LibraryView }) {
  const scan = useScan();
  const remove = useAction('library.remove');
  const resume = useAction('library.resume');
  const takeOver = useAction('library.takeOver');
  const tally = useCall('file.tally', { filter: { library: [id] } });
  const askRemove = () =>
    modals.openConfirmModal({
      title: `Remove library ${root}${tally.data ? ` with ${count(tally.data.total, 'video')}` : ''}?`,
      children:
        "Removes its videos and their history from Flotilla. Files on disk aren't deleted; originals in its vault are kept.",
      labels: { confirm: 'Remove library', cancel: 'Cancel' },
      confirmProps: { color: 'red' },
      onConfirm: () => remove.mutate({ library: id }),
    });
  return (
    <div className={classes.finding}>
      <IconFolder size={20} stroke={1.75} aria-hidden />
      <div style={{ flex: 1, minWidth: 0 }}>
        <Text style={{ overflowWrap: 'anywhere' }}>{root}</Text>
        <Text size="xs" c={paused ? 'var(--fl-attention)' : 'dimmed'}>
          {paused ??
            (held
              ? 'Waiting for approval'
              : watched
                ? 'Scanned regularly'
                : 'Converted only when named on the command line')}
          {tally.data && ` · ${count(tally.data.total, 'video')}`}
        </Text>
      </div>
      {held && (
        <Button variant="light" component={Link} href={`/welcome?library=${id}`}>
          Preview
        </Button>
      )}
      {owner !== null && (
        <Button variant="default" loading={takeOver.isPending} onClick={() => takeOver.mutate({ library: id })}>
          Take over
        </Button>
      )}
      {paused && (
        <Button variant="default" loading={resume.isPending} onClick={() => resume.mutate({ library: id })}>
          Rescan and resume
        </Button>
      )}
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon aria-label={`Actions for ${root}`} loading={scan.isPending}>
            <IconDotsVertical size={16} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => scan.mutate([id])}>Scan now</Menu.Item>
          <Menu.Item component={Link} href={libraryAddress({ library: [id] })}>
            Show videos
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item color="var(--fl-failed)" onClick={askRemove}>
            Remove
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </div>
  );
}

/** The folders whose videos Flotilla converts. */
export function LibrariesSection() {
  const libraries = useLive((live) => live.summary?.libraries);
  return (
    <>
      <Libraries libraries={libraries} />
      <SettingGroups section="libraries" />
    </>
  );
}

function Libraries({ libraries }: { libraries: LibraryView[] | undefined }) {
  const add = (
    <Button component={Link} href="/welcome" leftSection={<IconFolderPlus size={16} aria-hidden />}>
      Add a folder
    </Button>
  );
  if (!libraries) return <Loading />;
  if (libraries.length === 0) {
    return (
      <EmptyState icon={IconFolderPlus} title="No library yet" action={add}>
        Add the folder that holds your videos. Flotilla only analyzes them first; nothing changes until you approve it.
      </EmptyState>
    );
  }
  return (
    <Stack className={classes.form}>
      <div>
        {libraries.map((library) => (
          <LibraryRow key={library.id} library={library} />
        ))}
      </div>
      <Group>{add}</Group>
    </Stack>
  );
}
