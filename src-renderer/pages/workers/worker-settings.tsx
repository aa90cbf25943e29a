import { Button } from '@mantine/core';
import { modals } from '@mantine/modals';
import type { WorkerView } from '../../../src-shared/fleet-view.ts';
import { tell, useAction } from '../../store/calls.ts';
import { LimitsForm } from './limits-form.tsx';

function WorkerSettingsForm({ worker: { id, name, local, settings, hello } }: { worker: WorkerView }) {
  const set = useAction('worker.set');
  const done = () => {
    tell(`The settings of ${name} are saved.`);
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
