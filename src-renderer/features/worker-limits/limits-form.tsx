import { Button, Group, NumberInput, SegmentedControl, Stack, Switch, Text, TextInput } from '@mantine/core';
import { type FormEvent, type ReactNode, useState } from 'react';
import { DEFAULT_RULES, type Rules, type Sense } from '../../../src-shared/fleet/availability.ts';
import type { WorkerSettings } from '../../../src-shared/fleet/worker-info.ts';
import { WeekGrid } from './week-grid.tsx';

const MEGA = 1_000_000;
/** What a schedule begins with when it is switched on, and the rules that have a number. */
const NIGHTS = { days: [0, 1, 2, 3, 4, 5, 6], from: '22:00', to: '07:00' };
const [AWAY_MINUTES, HOT_CELSIUS] = [5, 85];

/** A number needs no more room than its digits. */
const SHORT = { wrapper: { maxWidth: 160 } };

/** An empty field leaves the choice to the worker. */
const numberOr = (value: number | string) => (typeof value === 'number' ? value : null);

interface RuleProps {
  sense: Sense;
  /** What the computer can detect; undefined while it is not known. */
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
        description={deaf ? 'Not supported on this computer.' : undefined}
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

/** When a computer pauses work for its user. */
function RuleFields(props: { rules: Rules; senses: Sense[] | undefined; change: (part: Partial<Rules>) => void }) {
  const { rules, senses, change } = props;
  const { idleMinutes, battery, fullScreen, celsius, running } = rules;
  return (
    <Stack gap="xs" role="group" aria-label="Pause work">
      <Text fw={500}>Pause work</Text>
      <Rule {...{ sense: 'battery', senses, label: 'On battery', on: battery }} set={(on) => change({ battery: on })} />
      <Rule
        {...{ sense: 'fullScreen', senses, label: 'During full-screen apps', on: fullScreen }}
        set={(on) => change({ fullScreen: on })}
      />
      <NumberRule
        {...{
          sense: 'idle',
          senses,
          label: 'While the computer is in use',
          value: idleMinutes,
          standard: AWAY_MINUTES,
        }}
        {...{ numberLabel: 'Minutes without keyboard or mouse input', min: 1, max: 240 }}
        set={(value) => change({ idleMinutes: value })}
      />
      <NumberRule
        {...{ sense: 'celsius', senses, label: 'When the CPU is hot', value: celsius }}
        {...{ standard: HOT_CELSIUS, numberLabel: 'Maximum temperature (°C)', min: 40, max: 110 }}
        set={(value) => change({ celsius: value })}
      />
      <Text size="sm" id="what-runs">
        When work pauses, running conversions:
      </Text>
      <SegmentedControl
        aria-labelledby="what-runs"
        data={[
          { value: 'hold', label: 'Suspend' },
          { value: 'finish', label: 'Finish first' },
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
  /** The time zone of its hours, if known. */
  zone: string | undefined;
  /** Whose settings: of the computer that the user sits at, or of another. */
  here: boolean;
  /** Whether the folder for unfinished results is chosen here too. */
  withFolder?: boolean;
  saving: boolean;
  save: (settings: WorkerSettings) => void;
  /** Stands beside the button that saves. */
  children?: ReactNode;
}

/** How much of a computer is used, and when. */
export function LimitsForm({ settings, senses, zone, here, withFolder = true, saving, save, children }: Props) {
  const [form, setForm] = useState(settings);
  const change = (part: Partial<WorkerSettings>) => setForm({ ...form, ...part });
  const rules = form.rules ?? DEFAULT_RULES;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save(form);
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <NumberInput
          label="Videos at a time"
          description={`Each gets its share of the cores. If empty: 1${here ? '' : ', or the value set on that computer'}.`}
          styles={SHORT}
          min={1}
          max={64}
          value={form.jobs ?? ''}
          onChange={(value) => change({ jobs: numberOr(value) })}
        />
        <NumberInput
          label="Bandwidth limit (MB/s, each direction)"
          description="For videos sent over the network. Leave empty for no limit."
          styles={SHORT}
          min={0.1}
          decimalScale={1}
          value={form.bandwidth === null ? '' : form.bandwidth / MEGA}
          onChange={(value) => {
            const megabytes = numberOr(value);
            change({ bandwidth: megabytes === null ? null : Math.round(megabytes * MEGA) });
          }}
        />
        {withFolder && (
          <TextInput
            label="Folder for unfinished results"
            description={`A path on ${here ? 'this' : 'that'} computer. Leave empty for the default.`}
            value={form.tempDir ?? ''}
            onChange={(event) => change({ tempDir: event.currentTarget.value.trim() || null })}
          />
        )}
        <Switch
          label={`Work only during set hours, by its own clock${zone ? ` (${zone.replaceAll('_', ' ')})` : ''}`}
          checked={form.schedule !== null}
          onChange={(event) => change({ schedule: event.currentTarget.checked ? [NIGHTS] : null })}
        />
        {form.schedule && <WeekGrid schedule={form.schedule} change={(schedule) => change({ schedule })} />}
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
