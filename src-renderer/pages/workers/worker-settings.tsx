import { Button, Chip, Group, NumberInput, Stack, Switch, TextInput } from '@mantine/core';
import { modals } from '@mantine/modals';
import { type FormEvent, useState } from 'react';
import type { WorkerView } from '../../../src-shared/fleet-view.ts';
import type { WorkerSettings } from '../../../src-shared/worker-info.ts';
import { tell, useAction } from '../../store/calls.ts';

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MEGA = 1_000_000;
/** What a schedule begins with when it is switched on. */
const NIGHTS = { days: [0, 1, 2, 3, 4, 5, 6], from: '22:00', to: '07:00' };

/** An empty field leaves the choice to the worker. */
const numberOr = (value: number | string) => (typeof value === 'number' ? value : null);

type Hours = NonNullable<WorkerSettings['schedule']>[number];

function Schedule({ hours, change }: { hours: Hours; change: (hours: Hours) => void }) {
  return (
    <Stack gap="xs">
      <Chip.Group
        multiple
        value={hours.days.map(String)}
        onChange={(days) => change({ ...hours, days: days.map(Number) })}
      >
        <Group gap={4}>
          {DAYS.map((day, i) => (
            <Chip key={day} value={String(i)} size="xs">
              {day}
            </Chip>
          ))}
        </Group>
      </Chip.Group>
      <Group gap="xs">
        {(['from', 'to'] as const).map((end) => (
          <TextInput
            key={end}
            type="time"
            label={end === 'from' ? 'From' : 'Until'}
            value={hours[end]}
            onChange={(event) => change({ ...hours, [end]: event.currentTarget.value })}
          />
        ))}
      </Group>
    </Stack>
  );
}

/** How much of a computer is used, and when. */
function WorkerSettingsForm({ worker: { id, name, settings } }: { worker: WorkerView }) {
  const [form, setForm] = useState(settings);
  const set = useAction('worker.set');
  const change = (part: Partial<WorkerSettings>) => setForm({ ...form, ...part });
  const [hours] = form.schedule ?? [];
  const save = (event: FormEvent) => {
    event.preventDefault();
    set.mutate(
      { worker: id, settings: form },
      {
        onSuccess: () => {
          tell(`The settings of ${name} are saved.`);
          modals.closeAll();
        },
      },
    );
  };
  return (
    <form onSubmit={save}>
      <Stack>
        <NumberInput
          label="Films at a time"
          description="Each gets its share of the cores. Empty: one, or what is set on that computer."
          min={1}
          max={64}
          value={form.jobs ?? ''}
          onChange={(value) => change({ jobs: numberOr(value) })}
        />
        <NumberInput
          label="Bandwidth, in MB/s each way"
          description="For films that travel over the network. Empty: no limit."
          min={0.1}
          decimalScale={1}
          value={form.bandwidth === null ? '' : form.bandwidth / MEGA}
          onChange={(value) => {
            const megabytes = numberOr(value);
            change({ bandwidth: megabytes === null ? null : Math.round(megabytes * MEGA) });
          }}
        />
        <TextInput
          label="Folder for unfinished results"
          description="A path on that computer. Empty: its own choice."
          value={form.tempDir ?? ''}
          onChange={(event) => change({ tempDir: event.currentTarget.value.trim() || null })}
        />
        <Switch
          label="Only at certain hours, by its own clock"
          checked={hours !== undefined}
          onChange={(event) => change({ schedule: event.currentTarget.checked ? [NIGHTS] : null })}
        />
        {hours && <Schedule hours={hours} change={(next) => change({ schedule: [next] })} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={() => modals.closeAll()}>
            Cancel
          </Button>
          <Button type="submit" loading={set.isPending}>
            Save
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** Opens the settings of a worker over the page. */
export function openWorkerSettings(worker: WorkerView): void {
  modals.open({ title: `Settings of ${worker.name}`, children: <WorkerSettingsForm worker={worker} /> });
}
