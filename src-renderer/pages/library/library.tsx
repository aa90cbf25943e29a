import { Button } from '@mantine/core';
import { IconFolderPlus, IconMovieOff, IconRefresh } from '@tabler/icons-react';
import { useEffect } from 'react';
import { Link } from 'wouter';
import { count, formatBytes } from '../../../src-shared/format.ts';
import { Loading, Nothing, Trouble } from '../../components/bits.tsx';
import { PageBody, PageHead } from '../../components/page.tsx';
import { tell, tellTrouble, useCall } from '../../store/calls.ts';
import { useLive } from '../../store/live.ts';
import { useOpenFile } from '../../store/open-file.ts';
import { call } from '../../transport.ts';
import { BatchBar } from './batch-bar.tsx';
import { Filters } from './filters.tsx';
import classes from './library.module.css';
import { clearSelection } from './selection.ts';
import { FileTable } from './table.tsx';
import { isFiltered, useView } from './view.ts';

function useScanAll() {
  const libraries = useLive((live) => live.summary?.libraries);
  return async () => {
    for (const { id } of libraries ?? []) {
      try {
        const { added, changed, moved, missing } = await call('library.scan', { library: id });
        tell(`${count(added, 'new film')}, ${changed} changed, ${moved} moved, ${missing} gone.`);
      } catch (error) {
        tellTrouble(error);
      }
    }
  };
}

/** Every film, whatever became of it. */
export function LibraryPage() {
  const [view, setView] = useView();
  const openFile = useOpenFile();
  const offline = useLive((live) => live.connection !== 'online');
  const libraries = useLive((live) => live.summary?.libraries);
  const scanning = useLive((live) => (live.summary?.scanning.length ?? 0) > 0);
  const tally = useCall('file.tally', { filter: view.filter }, { keep: true });
  const scanAll = useScanAll();
  const filtered = isFiltered(view.filter);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a selection is of the films that were shown
  useEffect(clearSelection, [view.filter]);

  const total = tally.data?.total ?? 0;
  const match = filtered ? ' match' : '';
  const sentence = [
    tally.data && `${count(total, 'film')}, ${formatBytes(tally.data.bytes)}${match}.`,
    scanning && 'Looking for new and changed films.',
  ]
    .filter(Boolean)
    .join(' ');
  const body = () => {
    if (tally.error) return <Trouble error={tally.error} retry={tally.refetch} />;
    if (!tally.data) return <Loading lines={12} />;
    if (total > 0) return null;
    if (filtered) {
      return (
        <Nothing
          icon={IconMovieOff}
          title="No film matches"
          action={
            <Button variant="default" onClick={() => setView({ filter: {} })}>
              Show all films
            </Button>
          }
        >
          Try fewer words, or clear the filters.
        </Nothing>
      );
    }
    return libraries?.length ? (
      <Nothing icon={IconMovieOff} title="No films found yet" action={<Button onClick={scanAll}>Look again</Button>}>
        Films show here as soon as they are found in your folders.
      </Nothing>
    ) : (
      <Nothing
        icon={IconFolderPlus}
        title="No library yet"
        action={
          <Button component={Link} href="/welcome">
            Add a folder
          </Button>
        }
      >
        Tell Flotilla where your films are. It looks into them first; nothing is changed before you say so.
      </Nothing>
    );
  };
  const placeholder = body();

  return (
    <div className={`${classes.page} ${offline ? 'stale' : ''}`}>
      <PageHead
        title="Library"
        sentence={sentence}
        actions={
          <Button
            variant="default"
            leftSection={<IconRefresh size={16} aria-hidden />}
            onClick={scanAll}
            disabled={!libraries?.length}
          >
            Scan now
          </Button>
        }
      />
      <Filters view={view} setView={setView} tally={tally.data} />
      {placeholder ? (
        <PageBody>{placeholder}</PageBody>
      ) : (
        <FileTable view={view} setView={setView} total={total} openFile={openFile} />
      )}
      <BatchBar filter={view.filter} total={total} />
    </div>
  );
}
