import { Button, Chip, Group, NumberInput, SegmentedControl, Stack, Switch, Text, TextInput } from '@mantine/core';
import { type FormEvent, type ReactNode, useState } from 'react';
import type { WorkerSettings } from '../../../src-shared/worker-info.ts';
import { DEFAULT_RULES, type Rules, type Sense } from '../../../src-shared/yielding.ts';

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MEGA = 1_000_000;
/** What a schedule begins with when it is switched on, and the rules that have a number. */
const NIGHTS = { days: [0, 1, 2, 3, 4, 5, 6], from: '22:00', to: '07:00' };
const [AWAY_MINUTES, HOT_CELSIUS] = [5, 85];

/** A number needs no more room than its digits. */
const SHORT = { wrapper: { maxWidth: 160 } };

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

interface RuleProps {
  sense: Sense;
  /** What the computer can tell; undefined while it is not known. */
  senses: Sense[] | undefined;
  label: string;
  on: boolean;
  set: (on: boolean) => void;
  /** What the rule has a number for. */
  children?: ReactNode;
}

function Rule({ sense, senses, label, on, set, children }: RuleProps) {
  const deaf = senses !== undefined && !senses.includes(sense);
  return (
    <>
      <Switch
        label={label}
        description={deaf ? 'The computer cannot tell.' : undefined}
        disabled={deaf}
        checked={on && !deaf}
        onChange={(event) => set(event.currentTarget.checked)}
      />
      {on && !deaf && children}
    </>
  );
}

interface NumberRuleProps extends Omit<RuleProps, 'on' | 'set' | 'children'> {
  /** Null while the rule is off. */
  value: number | null;
  /** What it begins with. */
  standard: number;
  numberLabel: string;
  min: number;
  max: number;
  set: (value: number | null) => void;
}

function NumberRule({ value, standard, numberLabel, min, max, set, ...rule }: NumberRuleProps) {
  return (
    <Rule {...rule} on={value !== null} set={(on) => set(on ? standard : null)}>
      <NumberInput
        {...{ label: numberLabel, min, max }}
        styles={SHORT}
        value={value ?? standard}
        onChange={(next) => set(numberOr(next) ?? standard)}
      />
    </Rule>
  );
}

/** When a computer steps back for whoever uses it. */
function RuleFields(props: { rules: Rules; senses: Sense[] | undefined; change: (part: Partial<Rules>) => void }) {
  const { rules, senses, change } = props;
  const { idleMinutes, battery, fullScreen, celsius, running } = rules;
  return (
    <Stack gap="xs" role="group" aria-label="Not at a bad moment">
      <Text fw={500}>Not at a bad moment</Text>
      <Rule
        {...{ sense: 'battery', senses, label: 'Not on battery', on: battery }}
        set={(on) => change({ battery: on })}
      />
      <Rule
        {...{ sense: 'fullScreen', senses, label: 'Not while an application fills the screen', on: fullScreen }}
        set={(on) => change({ fullScreen: on })}
      />
      <NumberRule
        {...{ sense: 'idle', senses, label: 'Not while somebody uses it', value: idleMinutes, standard: AWAY_MINUTES }}
        {...{ numberLabel: 'Minutes without keyboard and mouse', min: 1, max: 240 }}
        set={(value) => change({ idleMinutes: value })}
      />
      <NumberRule
        {...{ sense: 'celsius', senses, label: 'Not while its processor is too hot', value: celsius }}
        {...{ standard: HOT_CELSIUS, numberLabel: 'Hottest, in °C', min: 40, max: 110 }}
        set={(value) => change({ celsius: value })}
      />
      <Text size="sm" id="what-runs">
        The film that runs then, also at the end of its hours
      </Text>
      <SegmentedControl
        aria-labelledby="what-runs"
        data={[
          { value: 'hold', label: 'Stands still' },
          { value: 'finish', label: 'Is finished first' },
        ]}
        value={running}
        onChange={(value) => change({ running: value === 'finish' ? 'finish' : 'hold' })}
      />
    </Stack>
  );
}

interface Props {
  settings: WorkerSettings;
  senses: Sense[] | undefined;
  /** The time zone of its hours, where it tells. */
  zone: string | undefined;
  /** Whose settings: of the computer that the user sits at, or of another. */
  here: boolean;
  saving: boolean;
  save: (settings: WorkerSettings) => void;
  /** Stands beside the button that saves. */
  children?: ReactNode;
}

/** How much of a computer is used, and when. */
export function LimitsForm({ settings, senses, zone, here, saving, save, children }: Props) {
  const [form, setForm] = useState(settings);
  const change = (part: Partial<WorkerSettings>) => setForm({ ...form, ...part });
  const [hours] = form.schedule ?? [];
  const rules = form.rules ?? DEFAULT_RULES;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save(form);
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <NumberInput
          label="Films at a time"
          description={`Each gets its share of the cores. Empty: one${here ? '' : ', or what is set on that computer'}.`}
          styles={SHORT}
          min={1}
          max={64}
          value={form.jobs ?? ''}
          onChange={(value) => change({ jobs: numberOr(value) })}
        />
        <NumberInput
          label="Bandwidth, in MB/s each way"
          description="For films that travel over the network. Empty: no limit."
          styles={SHORT}
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
          description={`A path on ${here ? 'this' : 'that'} computer. Empty: its own choice.`}
          value={form.tempDir ?? ''}
          onChange={(event) => change({ tempDir: event.currentTarget.value.trim() || null })}
        />
        <Switch
          label={`Only at certain hours, by its own clock${zone ? ` (${zone.replaceAll('_', ' ')})` : ''}`}
          checked={hours !== undefined}
          onChange={(event) => change({ schedule: event.currentTarget.checked ? [NIGHTS] : null })}
        />
        {hours && <Schedule hours={hours} change={(next) => change({ schedule: [next] })} />}
        <RuleFields rules={rules} senses={senses} change={(part) => change({ rules: { ...rules, ...part } })} />
        <Group justify="flex-end">
          {children}
          <Button type="submit" loading={saving}>
            Save
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
