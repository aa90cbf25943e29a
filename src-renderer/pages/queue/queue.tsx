import { Button, Select, Text } from '@mantine/core';
import { IconHandStop, IconListNumbers } from '@tabler/icons-react';
import { Link } from 'wouter';
import type { Live } from '../../../src-shared/contract/index.ts';
import { count } from '../../../src-shared/text/format.ts';
import { libraryAddress } from '../../../src-shared/text/library-url.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorAlert } from '../../components/error-alert.tsx';
import { Loading } from '../../components/loading.tsx';
import { PageBody, PageHead, Section } from '../../components/page.tsx';
import { PauseControl } from '../../features/queue/pause-control.tsx';
import { queueSummary } from '../../features/queue/queue-summary.ts';
import { RunningList } from '../../features/queue/running-list.tsx';
import { lockedBy } from '../../features/settings/setting-source.ts';
import { useLive, useOffline } from '../../store/live.ts';
import { useAction, useCall } from '../../store/queries.ts';
import { NextList } from './next-list.tsx';
import classes from './queue.module.css';

const ORDER_LABELS: Record<string, string> = {
  gain: 'Most saved per hour',
  oldest: 'Oldest first',
  newest: 'Newest first',
  largest: 'Largest first',
  smallest: 'Smallest first',
};

function OrderChoice() {
  const settings = useCall('settings.get', {});
  const set = useAction('settings.set', ['settings.get', 'queue.list']);
  if (!settings.data) return null;
  const { values, sources } = settings.data;
  const pinned = lockedBy('fileOrder', sources);
  return (
    <Select
      aria-label="Queue order"
      title={pinned && `Locked: set by ${pinned} at startup.`}
      w={192}
      allowDeselect={false}
      disabled={pinned !== undefined}
      data={Object.entries(ORDER_LABELS).map(([value, label]) => ({ value, label }))}
      value={values.fileOrder}
      onChange={(fileOrder) => set.mutate({ values: { fileOrder } })}
    />
  );
}

/** What keeps libraries from being converted, and the way on. */
function HoldReasons({ libraries }: { libraries: Live['libraries'] }) {
  return libraries.map(({ id, root, held, paused }) => (
    <span key={id}>
      {held ? `Waiting for your approval: ${root}. ` : `${paused} `}
      {held && <Link href={`/welcome?library=${id}`}>Preview</Link>}{' '}
    </span>
  ));
}

/** In place of an empty queue: videos are there, but their libraries are held or paused. */
function OnHold({ videos, libraries }: { videos: number; libraries: Live['libraries'] }) {
  const held = libraries.filter((library) => library.held).map(({ id }) => id);
  return (
    <EmptyState
      icon={IconHandStop}
      title={`${count(videos, 'video')} on hold`}
      action={
        <>
          {held.length > 0 && (
            <Button component={Link} href={`/welcome?library=${held.join(',')}`}>
              Preview
            </Button>
          )}
          <Button
            variant="default"
            component={Link}
            href={libraryAddress({ library: libraries.map(({ id }) => id), state: ['found', 'queued'] })}
          >
            Show in library
          </Button>
        </>
      }
    >
      {libraries.map(({ id, root, held: waits, paused }) => (
        <span key={id} className={classes.hold}>
          {waits ? `${root} is waiting for your approval.` : paused}
        </span>
      ))}
    </EmptyState>
  );
}

/** Running conversions, and the queue in its order. */
export function QueuePage() {
  const live = useLive((state) => state.summary);
  const offline = useOffline();
  const queue = useCall('queue.list', { limit: 1 });
  const total = queue.data?.total ?? 0;
  const closed = live?.libraries.filter(({ held, paused }) => held || paused !== null) ?? [];
  const onHold = live?.onHold ?? 0;
  return (
    <div className={offline ? 'stale' : undefined}>
      <PageHead
        title="Queue"
        sentence={live ? queueSummary(live) : 'Loading…'}
        actions={live && <PauseControl live={live} />}
      />
      <PageBody>
        {live ? <RunningList running={live.running} empty="No conversions are running." /> : <Loading lines={2} />}
        <Section title={total > 0 ? `Up next (${total.toLocaleString('en')})` : 'Up next'} aside={<OrderChoice />}>
          {queue.error && <ErrorAlert error={queue.error} retry={queue.refetch} />}
          {queue.isPending && !queue.error && <Loading />}
          {closed.length > 0 && (total > 0 || onHold === 0) && (
            <Text c="dimmed" mb="xs">
              {onHold > 0 && `${count(onHold, 'video')} on hold. `}
              <HoldReasons libraries={closed} />
            </Text>
          )}
          {queue.data && total === 0 && onHold > 0 && <OnHold videos={onHold} libraries={closed} />}
          {queue.data && total === 0 && onHold === 0 && (
            <EmptyState
              icon={IconListNumbers}
              title="The queue is empty"
              action={
                <Button variant="default" component={Link} href="/library">
                  Go to library
                </Button>
              }
            >
              Videos appear here when they are found and analyzed.
            </EmptyState>
          )}
          {total > 0 && (
            <>
              <Text size="xs" c="dimmed" mb={8}>
                Drag videos by their handles to reorder them. A pin marks a video that you moved: it keeps its place
                regardless of the order.
              </Text>
              <NextList total={total} />
            </>
          )}
        </Section>
      </PageBody>
    </div>
  );
}
