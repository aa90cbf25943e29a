import { ActionIcon, CloseButton, Indicator, SegmentedControl, TextInput, VisuallyHidden } from '@mantine/core';
import { useDebouncedCallback, useHotkeys } from '@mantine/hooks';
import { IconAdjustments, IconFolders, IconList, IconSearch, type TablerIcon } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { STATES } from '../../../src-shared/contract/file-view.ts';
import { StateBadge } from '../../components/state-badge.tsx';
import { countFilters, Facets, type Props } from './facets.tsx';
import classes from './filters.module.css';
import { withList } from './view.ts';
import { ColumnChoice, SavedViews } from './view-menus.tsx';

/** Typing never waits: the list follows a moment later. */
const TYPING = 200;

function Search({ view, setView }: Omit<Props, 'tally'>) {
  const { search: asked = '' } = view.filter;
  const [text, setText] = useState(asked);
  const input = useRef<HTMLInputElement>(null);
  const apply = useDebouncedCallback((search: string) => {
    const { search: _, ...rest } = view.filter;
    setView({ filter: search.trim() ? { ...rest, search } : rest }, true);
  }, TYPING);
  const change = (next: string) => {
    setText(next);
    apply(next);
  };
  // The address may change otherwise: back, a saved view, a chip.
  useEffect(() => setText((now) => (now.trim() === asked.trim() ? now : asked)), [asked]);
  const focus = () => input.current?.focus();
  useHotkeys([
    ['/', focus],
    ['shift+/', focus],
  ]);
  return (
    <TextInput
      ref={input}
      className={classes.search}
      aria-label="Search by name or folder"
      placeholder="Search by name or folder"
      leftSection={<IconSearch size={16} aria-hidden />}
      rightSection={text && <CloseButton size="sm" aria-label="Clear search" onClick={() => change('')} />}
      value={text}
      maxLength={200}
      onChange={(event) => change(event.currentTarget.value)}
      onKeyDown={(event) => event.key === 'Escape' && change('')}
    />
  );
}

function StateChips({ view: { filter }, setView, tally }: Props) {
  const chosen = filter.state ?? [];
  return (
    <fieldset className={classes.chips} aria-label="Status" data-waiting={!tally || undefined}>
      {STATES.map((state) => {
        const pressed = chosen.includes(state);
        const n = tally?.counts[state];
        return (
          <button
            key={state}
            type="button"
            className={classes.chip}
            aria-pressed={pressed}
            data-none={n === 0 || undefined}
            onClick={() => {
              const next = pressed ? chosen.filter((other) => other !== state) : [...chosen, state];
              setView({ filter: withList(filter, 'state', next) });
            }}
          >
            <StateBadge state={state} />
            <span className={classes.number}>{n === undefined ? ' ' : n.toLocaleString('en')}</span>
          </button>
        );
      })}
    </fieldset>
  );
}

/** A choice whose name is an icon for the eyes. */
const iconChoice = (value: string, name: string, Icon: TablerIcon) => ({
  value,
  label: (
    <span className={classes.view} title={name}>
      <Icon size={18} stroke={1.75} aria-hidden />
      <VisuallyHidden>{name}</VisuallyHidden>
    </span>
  ),
});
const VIEWS = [iconChoice('list', 'List', IconList), iconChoice('folders', 'Folders', IconFolders)];

/** Search, counts by state, and all that narrows the list down or changes how it looks. */
export function Filters(props: Props) {
  const { view, setView } = props;
  const [open, setOpen] = useState(false);
  const active = countFilters(view.filter);
  return (
    <div className={classes.bar}>
      <div className={classes.line}>
        <div className={classes.narrowing}>
          <Search view={view} setView={setView} />
          <div className={classes.facets} data-waiting={!props.tally || undefined}>
            <Facets {...props} />
          </div>
        </div>
        <Indicator disabled={active === 0} label={active} size={16} className={classes.toggle}>
          <ActionIcon
            size={36}
            variant="default"
            aria-label="Filters"
            aria-expanded={open}
            onClick={() => setOpen(!open)}
          >
            <IconAdjustments size={18} stroke={1.75} aria-hidden />
          </ActionIcon>
        </Indicator>
        <div className={classes.right}>
          <SegmentedControl
            aria-label="View"
            data={VIEWS}
            value={view.folders ? 'folders' : 'list'}
            onChange={(next) => {
              const { folder: _, ...filter } = view.filter;
              setView(next === 'folders' ? { folders: true, filter } : { folders: false });
            }}
          />
          <SavedViews view={view} />
          {!view.folders && (
            <span className={classes.columns}>
              <ColumnChoice view={view} />
            </span>
          )}
        </div>
      </div>
      {open && (
        <div className={classes.folded}>
          <Facets {...props} />
        </div>
      )}
      <StateChips {...props} />
    </div>
  );
}
