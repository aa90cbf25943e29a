import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { IconChevronRight, IconFolder } from '@tabler/icons-react';
import { Fragment, useState } from 'react';
import type { Output } from '../../../src-shared/contract.ts';
import { count } from '../../../src-shared/format.ts';
import { crumbsOf } from '../../../src-shared/paths.ts';
import { Loading, Nothing, Trouble } from '../../components/bits.tsx';
import { desktop } from '../../desktop.ts';
import { tellTrouble, useCall } from '../../store/calls.ts';
import classes from './welcome.module.css';

type Folders = Output<'folder.list'>;

function Crumbs({ path, go }: { path: string | null; go: (path: string | undefined) => void }) {
  return (
    <nav className={classes.crumbs} aria-label="Folder">
      <button type="button" onClick={() => go(undefined)}>
        This computer
      </button>
      {path !== null &&
        crumbsOf(path).map((crumb) => (
          <Fragment key={crumb.path}>
            <IconChevronRight size={14} aria-hidden />
            <button type="button" onClick={() => go(crumb.path)}>
              {crumb.name}
            </button>
          </Fragment>
        ))}
    </nav>
  );
}

function FolderRows({ folders, go }: { folders: Folders['folders']; go: (path: string) => void }) {
  if (folders.length === 0)
    return (
      <Nothing icon={IconFolder} title="No folders in here">
        Choose this one, or go back up.
      </Nothing>
    );
  return (
    <ul className={classes.folders}>
      {folders.map((folder) => (
        <li key={folder.path}>
          <button type="button" className={classes.folder} onClick={() => go(folder.path)}>
            <IconFolder size={20} stroke={1.75} aria-hidden />
            <span className={classes.name}>{folder.name}</span>
            {folder.films > 0 && (
              <span className={classes.films}>
                {count(folder.films, 'film')}
                {folder.more && ' or more'}
              </span>
            )}
          </button>
        </li>
      ))}
    </ul>
  );
}

/** The system's own dialog, which knows the user's favourite places. */
function askSystem(go: (path: string) => void): void {
  desktop?.chooseFolder().then((path) => path !== null && go(path), tellTrouble);
}

/** Chooses a folder of the master's disks, by looking around or by typing its path. */
export function FolderPicker({ choose, busy }: { choose: (path: string) => void; busy: boolean }) {
  const [path, setPath] = useState<string | undefined>();
  const [typed, setTyped] = useState('');
  const { data, error, isFetching, refetch } = useCall('folder.list', path === undefined ? {} : { path }, {
    keep: true,
  });
  const go = (next: string | undefined) => {
    setPath(next);
    setTyped(next ?? '');
  };
  const chosen = error ? null : (data?.path ?? null);
  return (
    <Stack gap="sm">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          go(typed.trim() || undefined);
        }}
      >
        <Group gap="xs" align="flex-end" wrap="nowrap">
          <TextInput
            flex={1}
            label="Path"
            placeholder="/srv/films"
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
          />
          <Button type="submit" variant="default">
            Open
          </Button>
          {desktop && (
            <Button variant="default" onClick={() => askSystem(go)}>
              Choose a folder…
            </Button>
          )}
        </Group>
      </form>
      <Crumbs path={chosen} go={go} />
      {error ? (
        <Trouble error={error} retry={refetch} />
      ) : data ? (
        <FolderRows folders={data.folders} go={go} />
      ) : (
        <Loading lines={6} />
      )}
      {data?.problem && chosen && <Text c="var(--fl-attention)">{data.problem}</Text>}
      <Group justify="space-between">
        <Text c="dimmed" role="status">
          {chosen === null
            ? 'Open the folder that holds your films.'
            : `${data?.films ? `${count(data.films, 'film')} directly in here` : 'No film directly in here'}; folders below count too.`}
        </Text>
        <Button
          disabled={chosen === null || data?.problem !== null || isFetching}
          loading={busy}
          onClick={() => chosen && choose(chosen)}
        >
          Use this folder
        </Button>
      </Group>
    </Stack>
  );
}
