import { Button } from '@mantine/core';
import { IconFolderPlus, IconMovieOff, IconRefresh } from '@tabler/icons-react';
import { useEffect, useMemo } from 'react';
import { Link } from 'wouter';
import { savingSentence } from '../../../src-shared/text/forecast-text.ts';
import { count, formatBytes } from '../../../src-shared/text/format.ts';
import { filterParams } from '../../../src-shared/text/library-url.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorAlert } from '../../components/error-alert.tsx';
import { Loading } from '../../components/loading.tsx';
import { PageBody, PageHead } from '../../components/page.tsx';
import { clearSelection } from '../../features/file-actions/selection.ts';
import { useScan } from '../../features/library/use-scan.tsx';
import { useLive, useOffline } from '../../store/live.ts';
import { useOpenFile } from '../../store/open-file.ts';
import { useCall } from '../../store/queries.ts';
import { BatchBar } from './batch-bar.tsx';
import { Filters } from './filters.tsx';
import { FolderTree } from './folders/folder-tree.tsx';
import { withinFolder } from './folders/tree.ts';
import classes from './library.module.css';
import { FileTable } from './table.tsx';
import { isFiltered, useView } from './view.ts';

/** Every video, in any state. */
export function LibraryPage() {
  const [view, setView] = useView();
  const openFile = useOpenFile();
  const offline = useOffline();
  const libraries = useLive((live) => live.summary?.libraries);
  const scanning = useLive((live) => (live.summary?.scanning.length ?? 0) > 0);
  const tally = useCall('file.tally', { filter: view.filter }, { keep: true });
  const [library, ...others] = view.filter.library ?? [];
  const scope = library !== undefined && others.length === 0 ? { library } : {};
  const forecast = useCall('forecast.get', scope, { keep: true });
  const scan = useScan();
  const scanAll = () => scan.mutate(libraries?.map(({ id }) => id) ?? []);
  const filtered = isFiltered(view.filter);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a filter change clears the selection
  useEffect(clearSelection, [String(filterParams(view.filter)), view.folders]);

  // The tree shows where every video is: one folder of it alone would hide that.
  const treeFilter = useMemo(() => {
    const { folder: _, ...filter } = view.filter;
    return filter;
  }, [view.filter]);
  const total = tally.data?.total ?? 0;
  const match = filtered ? ' match' : '';
  const sentence = [
    tally.data && `${count(total, 'video')}, ${formatBytes(tally.data.bytes)}${match}.`,
    forecast.data && forecast.data.videos > 0 && savingSentence(forecast.data),
    scanning && 'Scanning for new and changed videos.',
  ]
    .filter(Boolean)
    .join(' ');
  const body = () => {
    if (tally.error) return <ErrorAlert error={tally.error} retry={tally.refetch} />;
    if (!tally.data) return <Loading lines={12} />;
    if (total > 0) return null;
    if (filtered) {
      return (
        <EmptyState
          icon={IconMovieOff}
          title="No videos match"
          action={
            <Button variant="default" onClick={() => setView({ filter: {} })}>
              Show all videos
            </Button>
          }
        >
          Try fewer words or clear the filters.
        </EmptyState>
      );
    }
    return libraries?.length ? (
      <EmptyState
        icon={IconMovieOff}
        title="No videos found yet"
        action={<Button onClick={scanAll}>Scan again</Button>}
      >
        Videos appear here when they are found in your folders.
      </EmptyState>
    ) : (
      <EmptyState
        icon={IconFolderPlus}
        title="No library yet"
        action={
          <Button component={Link} href="/welcome">
            Add a folder
          </Button>
        }
      >
        Add the folder that holds your videos. Flotilla only analyzes them first; nothing changes until you approve it.
      </EmptyState>
    );
  };
  const placeholder = body();

  return (
    <div className={`${classes.page} ${offline ? 'stale' : ''}`}>
      <PageHead
        title="Library"
        sentence={
          <span className={classes.sentence} aria-busy={tally.isPlaceholderData}>
            {sentence}
          </span>
        }
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
      ) : view.folders ? (
        <FolderTree
          filter={treeFilter}
          openFile={openFile}
          showAsList={(folder) =>
            setView({ folders: false, sort: 'path', descending: false, filter: withinFolder(treeFilter, folder) })
          }
        />
      ) : (
        <FileTable view={view} setView={setView} total={total} outdated={tally.isPlaceholderData} openFile={openFile} />
      )}
      {!view.folders && <BatchBar filter={view.filter} total={total} />}
    </div>
  );
}
