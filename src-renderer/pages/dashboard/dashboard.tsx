import { Button, Skeleton, Text } from '@mantine/core';
import { lazy, type ReactNode, Suspense } from 'react';
import { Link, Redirect } from 'wouter';
import type { Live } from '../../../src-shared/contract.ts';
import type { FileView } from '../../../src-shared/file-view.ts';
import { count, formatBytes, savedPercent } from '../../../src-shared/format.ts';
import { libraryAddress } from '../../../src-shared/library-address.ts';
import { Loading, Saving, Trouble } from '../../components/bits.tsx';
import { Boundary } from '../../components/boundary.tsx';
import listClasses from '../../components/list.module.css';
import { PageBody, PageHead, Section } from '../../components/page.tsx';
import { PauseControl } from '../../components/pause-control.tsx';
import { RunningList } from '../../components/running-list.tsx';
import { StateBadge } from '../../components/state-badge.tsx';
import { useCall } from '../../store/calls.ts';
import { isEmployed, isOnlyEmployed, useLive, useOffline } from '../../store/live.ts';
import { useOpenFile } from '../../store/open-file.ts';
import { about, nameOf } from '../../words.ts';
import { livingSentence } from '../sentence.ts';
import classes from './dashboard.module.css';
import { Problems } from './problems.tsx';

const SavedOverTime = lazy(() => import('../insights/saved-over-time.tsx'));

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
      <span className={classes.label}>{label}</span>
      <span className={classes.value} data-attention={attention || undefined}>
        {children}
      </span>
    </Link>
  );
}

function Aside({ children }: { children: ReactNode }) {
  return <span className={classes.aside}> {children}</span>;
}

function Tiles({ live }: { live: Live }) {
  const { counts, sourceBytes, resultBytes, problems, eta } = live;
  const waiting = counts.found + counts.queued;
  return (
    <div className={classes.tiles}>
      <Tile label="Saved so far" href={libraryAddress({ state: ['done'] })}>
        {formatBytes(sourceBytes - resultBytes)}
        {sourceBytes > 0 && <Aside>{savedPercent(sourceBytes, resultBytes)}</Aside>}
      </Tile>
      <Tile label="Done" href={libraryAddress({ state: ['done'] })}>
        {counts.done.toLocaleString('en')}
        {counts.skipped > 0 && <Aside>{counts.skipped.toLocaleString('en')} skipped</Aside>}
      </Tile>
      <Tile label="Waiting" href={libraryAddress({ state: ['found', 'queued'] })}>
        {waiting.toLocaleString('en')}
        {waiting > 0 && !live.paused && <Aside>{about(eta)}</Aside>}
      </Tile>
      <Tile label="Needs you" href={libraryAddress({ state: ['failed', 'blocked'] })} attention={problems.length > 0}>
        {problems.length === 0 ? 'Nothing' : (counts.failed + counts.blocked).toLocaleString('en')}
        {problems.length > 0 && <Aside>{counts.failed > 0 ? `${counts.failed} failed` : ''}</Aside>}
      </Tile>
    </div>
  );
}

function Result({ file }: { file: FileView }) {
  const openFile = useOpenFile();
  return (
    <li className={classes.result}>
      <StateBadge state={file.state} />
      <button type="button" className={listClasses.film} title={file.path} onClick={() => openFile(file.id)}>
        {nameOf(file.path)}
      </button>
      <span className={classes.outcome}>
        {file.state === 'done' && <Saving before={file.sourceSize} after={file.resultSize} />}
      </span>
    </li>
  );
}

function Saved() {
  const stats = useCall('stats.get', {});
  if (!stats.data) return <Skeleton height={220} aria-busy />;
  return (
    <>
      <Boundary>
        <Suspense fallback={<Skeleton height={220} aria-busy />}>
          <SavedOverTime stats={stats.data} height={220} />
        </Suspense>
      </Boundary>
      <ul className={classes.results}>
        {stats.data.byLibrary.map(({ library, root, films, sourceBytes, resultBytes }) => (
          <li key={library} className={classes.library}>
            <Link href={libraryAddress({ library: [library], state: ['done'] })}>{nameOf(root)}</Link>
            <span className={classes.outcome}>{count(films, 'film')}</span>
            <span>
              <Saving before={sourceBytes} after={resultBytes} />
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}

/** Ten seconds' look: is all well, what runs, what was gained, what needs a decision. */
export function DashboardPage() {
  const live = useLive((state) => state.summary);
  const offline = useOffline();
  const trouble = useLive((state) => state.trouble);
  const setup = useCall('setup.get', {});
  if (isOnlyEmployed(live)) return <Redirect to="/this-computer" replace />;
  if (setup.data && !setup.data.complete && live?.libraries.length === 0)
    return <Redirect to={isEmployed(live) ? '/this-computer' : '/welcome'} replace />;
  if (!live && trouble) {
    return (
      <>
        <PageHead title="Dashboard" />
        <PageBody>
          <Trouble error={trouble} retry={() => location.reload()} />
        </PageBody>
      </>
    );
  }
  if (!live) {
    return (
      <>
        <PageHead title="Dashboard" sentence="Looking at the queue." />
        <PageBody>
          <Loading lines={6} />
        </PageBody>
      </>
    );
  }
  return (
    <div className={offline ? 'stale' : undefined}>
      <PageHead title="Dashboard" sentence={livingSentence(live)} actions={<PauseControl live={live} />} />
      <PageBody>
        <Tiles live={live} />
        {live.problems.length > 0 && (
          <Section title="Needs you">
            <Problems problems={live.problems} />
          </Section>
        )}
        <Section title="Running now" aside={<Link href="/queue">Queue</Link>}>
          <RunningList
            running={live.running}
            empty={
              live.paused ? 'Nothing runs while the queue is paused.' : 'Films show here while they are converted.'
            }
          />
        </Section>
        <div className={classes.halves}>
          <Section title="Space saved" aside={<Link href="/insights">Insights</Link>}>
            <Saved />
          </Section>
          <Section title="Last results">
            {live.recent.length === 0 && <Text c="dimmed">Films show here as they finish.</Text>}
            <ul className={classes.results}>
              {live.recent.map((file) => (
                <Result key={file.id} file={file} />
              ))}
            </ul>
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
