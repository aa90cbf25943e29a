import { Button, Stack, Text } from '@mantine/core';
import { IconChevronRight } from '@tabler/icons-react';
import { lazy, type ReactNode, Suspense } from 'react';
import { Link, Redirect } from 'wouter';
import type { FileView } from '../../../src-shared/contract/file-view.ts';
import type { Live } from '../../../src-shared/contract/index.ts';
import { count, formatBytes, savedPercent } from '../../../src-shared/text/format.ts';
import { libraryAddress } from '../../../src-shared/text/library-url.ts';
import { waitingCount } from '../../../src-shared/text/waiting-count.ts';
import { ErrorAlert } from '../../components/error-alert.tsx';
import { ErrorBoundary } from '../../components/error-boundary.tsx';
import listClasses from '../../components/list.module.css';
import { Loading } from '../../components/loading.tsx';
import { PageBody, PageHead, Section } from '../../components/page.tsx';
import { Savings } from '../../components/savings.tsx';
import { StateBadge } from '../../components/state-badge.tsx';
import { ForecastSummary } from '../../features/forecast/forecast-summary.tsx';
import { PauseControl } from '../../features/queue/pause-control.tsx';
import { queueSummary } from '../../features/queue/queue-summary.ts';
import { RunningList } from '../../features/queue/running-list.tsx';
import { Reason } from '../../features/reasons/reason.tsx';
import { Pairings } from '../../features/workers/pairings.tsx';
import { about, nameOf } from '../../lib/labels.ts';
import { isWorkerOnly, useLive, useOffline, worksForMaster } from '../../store/live.ts';
import { useOpenFile } from '../../store/open-file.ts';
import { useCall } from '../../store/queries.ts';
import { Computers } from './computers.tsx';
import classes from './dashboard.module.css';
import { Disks } from './disks.tsx';
import { Problems } from './problems.tsx';

const SavedOverTime = lazy(() => import('../../features/stats/saved-over-time.tsx'));

/** What a tile counts, with the sign that it leads there. */
function TileLabel({ children }: { children: string }) {
  return (
    <span className={classes.label}>
      {children}
      <IconChevronRight className={classes.go} size={16} stroke={1.75} aria-hidden />
    </span>
  );
}

function Tile({
  label,
  href,
  attention,
  children,
}: {
  label: string;
  href: string;
  attention?: boolean;
  children: ReactNode;
}) {
  return (
    <Link href={href} className={classes.tile}>
      <TileLabel>{label}</TileLabel>
      <span className={classes.value} data-attention={attention || undefined}>
        {children}
      </span>
    </Link>
  );
}

function Aside({ children }: { children: ReactNode }) {
  return <span className={classes.aside}> {children}</span>;
}

/** What the disks have gained: the vault still holds the rest. */
function SavedTile({ live: { sourceBytes, resultBytes, vaultBytes } }: { live: Live }) {
  return (
    <div className={classes.tile}>
      <Link href={libraryAddress({ state: ['done'] })} className={classes.cover}>
        <TileLabel>Disk space gained</TileLabel>
        <span className={classes.value}>
          {formatBytes(sourceBytes - resultBytes - vaultBytes)}
          {sourceBytes > 0 && vaultBytes === 0 && <Aside>{savedPercent(sourceBytes, resultBytes)}</Aside>}
        </span>
      </Link>
      {vaultBytes > 0 && (
        <Link href="/settings/vault" className={classes.more}>
          {formatBytes(vaultBytes)} still in the vault
        </Link>
      )}
    </div>
  );
}

/** How many things need the user, as *Needs attention* lists them. */
const attentionCount = ({ problems, pairings, damaged }: Live): number =>
  problems.length + pairings.length + (damaged > 0 ? 1 : 0);

function Tiles({ live }: { live: Live }) {
  const { counts, eta, onHold, running } = live;
  const waiting = waitingCount(live);
  const needs = attentionCount(live);
  return (
    <div className={classes.tiles}>
      <SavedTile live={live} />
      <Tile label="Done" href={libraryAddress({ state: ['done'] })}>
        {counts.done.toLocaleString('en')}
        {counts.skipped > 0 && <Aside>{counts.skipped.toLocaleString('en')} skipped</Aside>}
      </Tile>
      <Tile label="Waiting" href="/queue">
        {waiting.toLocaleString('en')}
        {waiting + running.length > 0 && !live.paused && <Aside>{about(eta)}</Aside>}
        {onHold > 0 && <Aside>{onHold.toLocaleString('en')} on hold</Aside>}
      </Tile>
      <Tile label="Needs attention" href="#attention" attention={needs > 0}>
        {needs === 0 ? 'Nothing' : needs.toLocaleString('en')}
      </Tile>
    </div>
  );
}

function Result({ file }: { file: FileView }) {
  const openFile = useOpenFile();
  return (
    <li className={classes.result}>
      <StateBadge state={file.state} />
      <div className={classes.what}>
        <button type="button" className={listClasses.video} title={file.path} onClick={() => openFile(file.id)}>
          {nameOf(file.path)}
        </button>
        <Reason file={file} />
      </div>
      <span className={classes.outcome}>
        {file.state === 'done' && <Savings before={file.sourceSize} after={file.resultSize} />}
      </span>
    </li>
  );
}

function Saved({ any }: { any: boolean }) {
  const stats = useCall('stats.get', {});
  // A chart's height for a line of text would close up again.
  if (!stats.data) return <Loading lines={1} height={any ? 220 : 20} />;
  return (
    <>
      <ErrorBoundary>
        <Suspense fallback={<Loading lines={1} height={220} />}>
          <SavedOverTime stats={stats.data} height={220} />
        </Suspense>
      </ErrorBoundary>
      <ul className={classes.results}>
        {stats.data.byLibrary.map(({ library, root, films, sourceBytes, resultBytes }) => (
          <li key={library} className={classes.library}>
            <Link href={libraryAddress({ library: [library], state: ['done'] })}>{nameOf(root)}</Link>
            <span className={classes.outcome}>{count(films, 'video')}</span>
            <span>
              <Savings before={sourceBytes} after={resultBytes} />
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}

/** An overview: running conversions, savings, and what needs a decision. */
export function DashboardPage() {
  const live = useLive((state) => state.summary);
  const offline = useOffline();
  const error = useLive((state) => state.error);
  const setup = useCall('setup.get', {});
  if (isWorkerOnly(live)) return <Redirect to="/this-computer" replace />;
  if (setup.data && !setup.data.complete && live?.libraries.length === 0)
    return <Redirect to={worksForMaster(live) ? '/this-computer' : '/welcome'} replace />;
  if (!live && error) {
    return (
      <>
        <PageHead title="Dashboard" />
        <PageBody>
          <ErrorAlert error={error} retry={() => location.reload()} />
        </PageBody>
      </>
    );
  }
  if (!live) {
    return (
      <>
        <PageHead title="Dashboard" sentence="Loading…" />
        <PageBody>
          <Loading lines={6} />
        </PageBody>
      </>
    );
  }
  return (
    <div className={offline ? 'stale' : undefined}>
      <PageHead title="Dashboard" sentence={queueSummary(live)} actions={<PauseControl live={live} />} />
      <PageBody>
        <Tiles live={live} />
        {attentionCount(live) > 0 && (
          <Section title="Needs attention" id="attention">
            <Stack>
              <Pairings />
              <Problems problems={live.problems} damaged={live.damaged} />
            </Stack>
          </Section>
        )}
        <Section title="Running now" aside={<Link href="/queue">Queue</Link>}>
          <RunningList
            running={live.running}
            empty={live.paused ? 'No conversions run while the queue is paused.' : 'Running conversions appear here.'}
          />
        </Section>
        {waitingCount(live) + live.onHold > 0 && (
          <Section title="Forecast">
            <ForecastSummary />
          </Section>
        )}
        <div className={classes.halves}>
          <Section title="Space saved" aside={<Link href="/insights">Insights</Link>}>
            <Saved any={live.sourceBytes > 0} />
          </Section>
          <Section title="Recent">
            {live.recent.length === 0 && <Text c="dimmed">Finished videos appear here.</Text>}
            <ul className={classes.results}>
              {live.recent.map((file) => (
                <Result key={file.id} file={file} />
              ))}
            </ul>
          </Section>
        </div>
        <div className={classes.halves}>
          <Section title="Computers" aside={<Link href="/workers">Workers</Link>}>
            <Computers workers={live.workers} />
          </Section>
          <Section title="Free space">
            <Disks live={live} />
          </Section>
        </div>
        {live.libraries.length === 0 && (
          <Section title="Libraries">
            <Button component={Link} href="/welcome">
              Add your first folder
            </Button>
          </Section>
        )}
      </PageBody>
    </div>
  );
}
