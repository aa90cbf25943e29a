import { Button, Stack } from '@mantine/core';
import { modals } from '@mantine/modals';
import { IconPlus } from '@tabler/icons-react';
import { count } from '../../../src-shared/text/format.ts';
import { Loading } from '../../components/loading.tsx';
import { PageBody, PageHead } from '../../components/page.tsx';
import { byPresence } from '../../features/workers/by-presence.ts';
import { Pairings } from '../../features/workers/pairings.tsx';
import { useLive, useOffline } from '../../store/live.ts';
import { AddComputer } from './add-computer.tsx';
import { WorkerCard } from './worker-card.tsx';
import classes from './workers.module.css';

const openAdd = () => modals.open({ title: 'Add a computer', children: <AddComputer /> });

/** Every worker: its state and work, and the computers that ask to join. */
export function WorkersPage() {
  const workers = useLive((live) => live.summary?.workers);
  const offline = useOffline();
  const working = workers?.filter(({ state }) => state === 'working').length ?? 0;
  const gone = workers?.filter(({ state }) => state === 'offline').length ?? 0;
  const sentence =
    workers &&
    `${count(workers.length, 'computer')}, ${working === 0 ? 'none' : working} working${gone > 0 ? `, ${gone} offline` : ''}.`;
  return (
    <div className={offline ? 'stale' : undefined}>
      <PageHead
        title="Workers"
        sentence={sentence}
        actions={
          <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={openAdd}>
            Add a computer
          </Button>
        }
      />
      <PageBody>
        <Stack>
          <Pairings />
          {workers ? (
            <div className={classes.cards}>
              {byPresence(workers).map((worker) => (
                <WorkerCard key={worker.id} worker={worker} />
              ))}
            </div>
          ) : (
            <Loading lines={2} height={200} />
          )}
        </Stack>
      </PageBody>
    </div>
  );
}
