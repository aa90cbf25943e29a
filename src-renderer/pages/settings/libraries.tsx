import { ActionIcon, Button, Group, Menu, Stack, Text } from '@mantine/core';
import { modals } from '@mantine/modals';
import { IconDotsVertical, IconFolder, IconFolderPlus } from '@tabler/icons-react';
import { Link } from 'wouter';
import type { LibraryView } from '../../../src-shared/contract.ts';
import { count } from '../../../src-shared/format.ts';
import { libraryAddress } from '../../../src-shared/library-address.ts';
import { Loading, Nothing } from '../../components/bits.tsx';
import { useScan } from '../../components/use-scan.tsx';
import { useAction, useCall } from '../../store/calls.ts';
import { useLive } from '../../store/live.ts';
import classes from './settings.module.css';

function LibraryRow({ library: { id, root, watched, paused, held, owner } }: { library: LibraryView }) {
  const scan = useScan();
  const remove = useAction('library.remove');
  const resume = useAction('library.resume');
  const takeOver = useAction('library.takeOver');
  const tally = useCall('file.tally', { filter: { library: [id] } });
  const askRemove = () =>
    modals.openConfirmModal({
      title: `Remove the library ${root}${tally.data ? ` with ${count(tally.data.total, 'film')}` : ''}?`,
      children: 'Flotilla forgets its films and their history. No file is touched; originals in its vault stay there.',
      labels: { confirm: 'Remove the library', cancel: 'Keep it' },
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
              ? 'Waits for your go'
              : watched
                ? 'Looked at again and again'
                : 'Only converted when named on the command line')}
          {tally.data && ` · ${count(tally.data.total, 'film')}`}
        </Text>
      </div>
      {held && (
        <Button variant="light" component={Link} href={`/welcome?library=${id}`}>
          See what it would bring
        </Button>
      )}
      {owner !== null && (
        <Button variant="default" loading={takeOver.isPending} onClick={() => takeOver.mutate({ library: id })}>
          Take over
        </Button>
      )}
      {paused && (
        <Button variant="default" loading={resume.isPending} onClick={() => resume.mutate({ library: id })}>
          Look again and go on
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
            Show its films
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

/** The folders whose films Flotilla converts. */
export function LibrariesSection() {
  const libraries = useLive((live) => live.summary?.libraries);
  const add = (
    <Button component={Link} href="/welcome" leftSection={<IconFolderPlus size={16} aria-hidden />}>
      Add a folder
    </Button>
  );
  if (!libraries) return <Loading />;
  if (libraries.length === 0) {
    return (
      <Nothing icon={IconFolderPlus} title="No library yet" action={add}>
        Tell Flotilla where your films are. It looks into them first; nothing is changed before you say so.
      </Nothing>
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
