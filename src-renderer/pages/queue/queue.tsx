import { Button, Select, Text } from '@mantine/core';
import { IconListNumbers } from '@tabler/icons-react';
import { Link } from 'wouter';
import { count } from '../../../src-shared/format.ts';
import { Loading, Nothing, Trouble } from '../../components/bits.tsx';
import { PageBody, PageHead, Section } from '../../components/page.tsx';
import { PauseControl } from '../../components/pause-control.tsx';
import { RunningList } from '../../components/running-list.tsx';
import { useAction, useCall } from '../../store/calls.ts';
import { useLive, useOffline } from '../../store/live.ts';
import { livingSentence } from '../sentence.ts';
import { pinnedBy } from '../settings/pinned.ts';
import { NextList } from './next-list.tsx';

const ORDER_WORDS: Record<string, string> = {
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
  const pinned = pinnedBy('fileOrder', sources);
  return (
    <Select
      aria-label="Order of the queue"
      title={pinned && `Set by ${pinned} where Flotilla was started`}
      w={168}
      allowDeselect={false}
      disabled={pinned !== undefined}
      data={Object.entries(ORDER_WORDS).map(([value, label]) => ({ value, label }))}
      value={values.fileOrder}
      onChange={(fileOrder) => set.mutate({ values: { fileOrder } })}
    />
  );
}

/** What runs, what comes next, and in which order. */
export function QueuePage() {
  const live = useLive((state) => state.summary);
  const offline = useOffline();
  const queue = useCall('queue.list', { limit: 1 });
  const total = queue.data?.total ?? 0;
  return (
    <div className={offline ? 'stale' : undefined}>
      <PageHead
        title="Queue"
        sentence={live ? livingSentence(live) : 'Looking at the queue.'}
        actions={live && <PauseControl live={live} />}
      />
      <PageBody>
        {live ? (
          <RunningList running={live.running} empty="Nothing is being converted at present." />
        ) : (
          <Loading lines={2} />
        )}
        <Section title={total > 0 ? `Next: ${count(total, 'film')}` : 'Next'} aside={<OrderChoice />}>
          {queue.error && <Trouble error={queue.error} retry={queue.refetch} />}
          {queue.isPending && !queue.error && <Loading />}
          {queue.data && total === 0 && (
            <Nothing
              icon={IconListNumbers}
              title="Nothing waits"
              action={
                <Button variant="default" component={Link} href="/library">
                  To the library
                </Button>
              }
            >
              Films come here as soon as they are found and looked into.
            </Nothing>
          )}
          {total > 0 && (
            <>
              <Text size="xs" c="dimmed" mb={4}>
                Drag a film by its handle to another place, or use its menu. What you move keeps its place whatever the
                order.
              </Text>
              <NextList total={total} />
            </>
          )}
        </Section>
      </PageBody>
    </div>
  );
}
