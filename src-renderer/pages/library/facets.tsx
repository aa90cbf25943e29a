import { Button, Checkbox, Group, NumberInput, Popover, ScrollArea, Stack } from '@mantine/core';
import { IconChevronDown, IconFolder, IconX } from '@tabler/icons-react';
import type { FileFilter, Tally } from '../../../src-shared/contract/file-view.ts';
import { codecName } from '../../../src-shared/media/describe.ts';
import { reasonLabel } from '../../features/reasons/skip-reasons.ts';
import { nameOf } from '../../lib/labels.ts';
import { useLive } from '../../store/live.ts';
import classes from './filters.module.css';
import { type ListKey, type View, withList } from './view.ts';

/** What every part of the filters needs: the view, how to change it, and how many videos there are of each kind. */
export interface Props {
  view: View;
  setView: (next: Partial<View>, replace?: boolean) => void;
  tally: Tally | undefined;
}

const FACETS: [key: Exclude<ListKey, 'state'>, title: string][] = [
  ['library', 'Library'],
  ['resolution', 'Resolution'],
  ['codec', 'Codec'],
  ['hdr', 'HDR'],
  ['worker', 'Computer'],
  ['code', 'Reason'],
];

function Facet({
  name,
  title,
  view: { filter },
  setView,
  tally,
}: Props & { name: Exclude<ListKey, 'state'>; title: string }) {
  const libraries = useLive((live) => live.summary?.libraries);
  const values = (tally?.[name] ?? []) as { value: string | number; count: number }[];
  const chosen: readonly (string | number)[] = filter[name] ?? [];
  // A chosen value stays in sight also when nothing of it is left.
  const gone = chosen.filter((value) => !values.some((known) => known.value === value));
  const wordsOf = (value: string | number): string => {
    if (name === 'library') return nameOf(libraries?.find(({ id }) => id === value)?.root ?? String(value));
    return name === 'codec' ? codecName(String(value)) : name === 'code' ? reasonLabel(String(value)) : String(value);
  };
  if (values.length + gone.length < 2 && chosen.length === 0) return null;
  return (
    <Popover position="bottom-start" shadow="sm">
      <Popover.Target>
        <Button
          variant={chosen.length > 0 ? 'light' : 'default'}
          rightSection={<IconChevronDown size={14} aria-hidden />}
        >
          {chosen.length === 1 ? wordsOf(chosen[0] ?? '') : `${title}${chosen.length > 1 ? ` (${chosen.length})` : ''}`}
        </Button>
      </Popover.Target>
      <Popover.Dropdown p="xs">
        <ScrollArea.Autosize mah={320} type="auto">
          <Checkbox.Group
            value={chosen.map(String)}
            onChange={(next) => {
              const typed = [...values.map(({ value }) => value), ...gone].filter((value) =>
                next.includes(String(value)),
              );
              setView({ filter: withList(filter, name, typed) });
            }}
          >
            <Stack gap={0} role="group" aria-label={title}>
              {[...values, ...gone.map((value) => ({ value, count: 0 }))].map(({ value, count }) => (
                <Checkbox
                  key={value}
                  className={classes.option}
                  value={String(value)}
                  label={
                    <>
                      {wordsOf(value)} <span className={classes.number}>{count.toLocaleString('en')}</span>
                    </>
                  }
                />
              ))}
            </Stack>
          </Checkbox.Group>
        </ScrollArea.Autosize>
      </Popover.Dropdown>
    </Popover>
  );
}

function SavedRange({ view: { filter }, setView }: Omit<Props, 'tally'>) {
  const set = (key: 'savedFrom' | 'savedTo', value: string | number) => {
    const { [key]: _, ...rest } = filter;
    setView({ filter: value === '' ? rest : { ...rest, [key]: Math.min(Math.max(Number(value), -1000), 100) } }, true);
  };
  const active = filter.savedFrom !== undefined || filter.savedTo !== undefined;
  return (
    <Popover position="bottom-start" shadow="sm">
      <Popover.Target>
        <Button variant={active ? 'light' : 'default'} rightSection={<IconChevronDown size={14} aria-hidden />}>
          {active ? `Saved ${filter.savedFrom ?? '…'} to ${filter.savedTo ?? '…'}%` : 'Saved (%)'}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Group gap="xs" wrap="nowrap" align="flex-end">
          <NumberInput
            w={112}
            label="From"
            suffix="%"
            min={-1000}
            max={100}
            value={filter.savedFrom ?? ''}
            onChange={(value) => set('savedFrom', value)}
          />
          <NumberInput
            w={112}
            label="To"
            suffix="%"
            min={-1000}
            max={100}
            value={filter.savedTo ?? ''}
            onChange={(value) => set('savedTo', value)}
          />
        </Group>
      </Popover.Dropdown>
    </Popover>
  );
}

/** The folder that the list is limited to, and how to leave it. */
function FolderChip({ view: { filter }, setView }: Omit<Props, 'tally'>) {
  const { folder, ...rest } = filter;
  if (!folder) return null;
  return (
    <Button
      variant="light"
      title={folder}
      aria-label={`Folder: ${folder}. Show all folders`}
      leftSection={<IconFolder size={14} aria-hidden />}
      rightSection={<IconX size={14} aria-hidden />}
      onClick={() => setView({ filter: rest })}
    >
      <span className={classes.folder}>{nameOf(folder)}</span>
    </Button>
  );
}

/** How many of these narrow a list down. */
export const countFilters = ({ savedFrom, savedTo, missing, folder, ...filter }: FileFilter): number =>
  FACETS.filter(([key]) => filter[key]).length +
  [savedFrom ?? savedTo, missing, folder].filter((part) => part !== undefined).length;

/** All that narrows the list down besides the search and the states. */
export function Facets(props: Props) {
  const { view, setView } = props;
  const clear = () => {
    const { state, search } = view.filter;
    setView({ filter: { ...(state && { state }), ...(search && { search }) } });
  };
  return (
    <>
      {FACETS.map(([key, title]) => (
        <Facet key={key} name={key} title={title} {...props} />
      ))}
      <SavedRange view={view} setView={setView} />
      <FolderChip view={view} setView={setView} />
      <Button
        variant={view.filter.missing ? 'light' : 'default'}
        aria-pressed={view.filter.missing === true}
        onClick={() => {
          const { missing, ...rest } = view.filter;
          setView({ filter: missing ? rest : { ...rest, missing: true } });
        }}
      >
        Missing
      </Button>
      {countFilters(view.filter) > 0 && (
        <Button variant="default" onClick={clear}>
          Clear
        </Button>
      )}
    </>
  );
}
