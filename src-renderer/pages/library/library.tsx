import { Button } from '@mantine/core';
import { IconFolderPlus, IconMovieOff, IconRefresh } from '@tabler/icons-react';
import { useEffect } from 'react';
import { Link } from 'wouter';
import { count, formatBytes } from '../../../src-shared/format.ts';
import { filterParams } from '../../../src-shared/library-address.ts';
import { Loading, Nothing, Trouble } from '../../components/bits.tsx';
import { PageBody, PageHead } from '../../components/page.tsx';
import { useScan } from '../../components/use-scan.tsx';
import { useCall } from '../../store/calls.ts';
import { useLive, useOffline } from '../../store/live.ts';
import { useOpenFile } from '../../store/open-file.ts';
import { BatchBar } from './batch-bar.tsx';
import { Filters } from './filters.tsx';
import classes from './library.module.css';
import { clearSelection } from './selection.ts';
import { FileTable } from './table.tsx';
import { isFiltered, useView } from './view.ts';

/** Every film, whatever became of it. */
export function LibraryPage() {
  const [view, setView] = useView();
  const openFile = useOpenFile();
  const offline = useOffline();
  const libraries = useLive((live) => live.summary?.libraries);
  const scanning = useLive((live) => (live.summary?.scanning.length ?? 0) > 0);
  const tally = useCall('file.tally', { filter: view.filter }, { keep: true });
  const scan = useScan();
  const scanAll = () => scan.mutate(libraries?.map(({ id }) => id) ?? []);
  const filtered = isFiltered(view.filter);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a selection is of the films that were shown
  useEffect(clearSelection, [filterParams(view.filter).toString()]);

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
            loading={scan.isPending}
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
