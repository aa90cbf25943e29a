import { Button } from '@mantine/core';
import { modals } from '@mantine/modals';
import type { WorkerView } from '../../../src-shared/contract/fleet-view.ts';
import { LimitsForm } from '../../features/worker-limits/limits-form.tsx';
import { notify, useAction } from '../../store/queries.ts';

function WorkerSettingsForm({ worker: { id, name, local, settings, hello } }: { worker: WorkerView }) {
  const set = useAction('worker.set');
  const done = () => {
    notify(`Settings of ${name} saved.`);
    modals.closeAll();
  };
  return (
    <LimitsForm
      settings={settings}
      senses={hello?.computer.senses}
      zone={hello?.computer.zone}
      here={local}
      saving={set.isPending}
      save={(next) => set.mutate({ worker: id, settings: next }, { onSuccess: done })}
    >
      <Button variant="default" onClick={() => modals.closeAll()}>
        Cancel
      </Button>
    </LimitsForm>
  );
}

/** Opens the settings of a worker over the page. */
export function openWorkerSettings(worker: WorkerView): void {
  modals.open({ title: `Settings of ${worker.name}`, children: <WorkerSettingsForm worker={worker} /> });
}
