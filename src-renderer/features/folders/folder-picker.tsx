import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { IconChevronRight, IconFolder } from '@tabler/icons-react';
import { Fragment, useState } from 'react';
import type { Output } from '../../../src-shared/contract/index.ts';
import { count } from '../../../src-shared/text/format.ts';
import { crumbsOf } from '../../../src-shared/util/paths.ts';
import list from '../../components/choice-list.module.css';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorAlert } from '../../components/error-alert.tsx';
import { Loading } from '../../components/loading.tsx';
import { desktop } from '../../lib/desktop-bridge.ts';
import { notifyError, useCall } from '../../store/queries.ts';
import classes from './folder-picker.module.css';

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
      <EmptyState icon={IconFolder} title="No subfolders">
        Use this folder or go back up.
      </EmptyState>
    );
  return (
    <ul className={list.list}>
      {folders.map((folder) => (
        <li key={folder.path}>
          <button type="button" className={list.item} onClick={() => go(folder.path)}>
            <IconFolder size={20} stroke={1.75} aria-hidden />
            <span className={list.name}>{folder.name}</span>
            {folder.films > 0 && (
              <span className={list.aside}>
                {count(folder.films, 'video')}
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
  desktop?.chooseFolder().then((path) => path !== null && go(path), notifyError);
}

interface Props {
  choose: (path: string) => void;
  /** Takes the folder and stays, for another one; without it, one folder is chosen. */
  collect?: (path: string) => void;
  busy?: boolean;
  /** Any folder will do, not only one that can become a library. */
  any?: boolean;
}

/** Chooses a folder of the master's disks, by looking around or by typing its path. */
export function FolderPicker({ choose, collect, busy = false, any = false }: Props) {
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
  const unusable = chosen === null || (!any && data?.problem !== null) || isFetching;
  return (
    <Stack gap="sm">
      {desktop && (
        <Group>
          <Button variant="light" leftSection={<IconFolder size={16} aria-hidden />} onClick={() => askSystem(go)}>
            Choose a folder…
          </Button>
        </Group>
      )}
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
            placeholder="For example, /srv/videos"
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
          />
          <Button type="submit" variant="default">
            Open
          </Button>
        </Group>
      </form>
      <Crumbs path={chosen} go={go} />
      {error ? (
        <ErrorAlert error={error} retry={refetch} />
      ) : data ? (
        <FolderRows folders={data.folders} go={go} />
      ) : (
        <Loading lines={6} />
      )}
      {data?.problem && chosen && !any && <Text c="var(--fl-attention)">{data.problem}</Text>}
      <Group justify="space-between">
        <Text c="dimmed" role="status">
          {any
            ? 'Open the folder to use.'
            : chosen === null
              ? 'Open the folder that holds your videos.'
              : `${data?.films ? count(data.films, 'video') : 'No videos'} directly in this folder. Subfolders are included.`}
        </Text>
        <Group gap="xs">
          {collect && (
            <Button
              variant="default"
              disabled={unusable}
              onClick={() => {
                if (chosen) collect(chosen);
                go(undefined);
              }}
            >
              Add and choose another
            </Button>
          )}
          <Button disabled={unusable} loading={busy} onClick={() => chosen && choose(chosen)}>
            Use this folder
          </Button>
        </Group>
      </Group>
    </Stack>
  );
}
