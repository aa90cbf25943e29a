import { ActionIcon, Button, Checkbox, Group, Menu, Popover, Stack, Text, TextInput } from '@mantine/core';
import { IconBookmark, IconColumns3, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { removeView, saveView, usePreferences } from '../../store/preferences.ts';
import { columnsFor, isTicked, useTableRoom } from './column-layout.ts';
import { columns } from './columns.tsx';
import classes from './filters.module.css';
import { paramsOf, type View } from './view.ts';

/** Which columns the table shows; remembered by this browser. */
export function ColumnChoice({ view }: { view: View }) {
  const chosen = usePreferences((preferences) => preferences.columns);
  const room = useTableRoom((table) => table.room);
  const shown = room === null ? null : columnsFor(chosen, room, view.sort);
  return (
    <Popover position="bottom-end" shadow="sm">
      <Popover.Target>
        <ActionIcon size={36} variant="default" aria-label="Columns">
          <IconColumns3 size={18} stroke={1.75} aria-hidden />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown p="xs">
        <Stack gap={0} role="group" aria-label="Columns">
          {columns.slice(1).map(({ id, header, ...column }) => {
            const key = id ?? ('accessorKey' in column ? String(column.accessorKey) : '');
            const checked = isTicked(chosen, key);
            return (
              <Checkbox
                key={key}
                className={classes.option}
                label={String(header)}
                description={checked && shown?.has(key) === false ? 'No room in this window' : undefined}
                checked={checked}
                onChange={(event) =>
                  usePreferences.setState({ columns: { ...chosen, [key]: event.currentTarget.checked } })
                }
              />
            );
          })}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

/** Views that were kept under a name, and how to keep this one. */
export function SavedViews({ view }: { view: View }) {
  const views = usePreferences((preferences) => preferences.views);
  const [, navigate] = useLocation();
  const [name, setName] = useState('');
  const save = () => {
    if (!name.trim()) return;
    saveView(name.trim(), paramsOf(view).toString());
    setName('');
  };
  return (
    <Menu position="bottom-end" closeOnItemClick>
      <Menu.Target>
        <ActionIcon size={36} variant="default" aria-label="Saved views">
          <IconBookmark size={18} stroke={1.75} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown w={280}>
        {views.length > 0 && <Menu.Label>Saved views</Menu.Label>}
        {views.map((saved) => (
          <Group key={saved.name} gap={4} wrap="nowrap">
            <Menu.Item flex={1} onClick={() => navigate(`/library?${saved.query}`)}>
              {saved.name}
            </Menu.Item>
            <ActionIcon aria-label={`Delete view ${saved.name}`} onClick={() => removeView(saved.name)}>
              <IconTrash size={16} aria-hidden />
            </ActionIcon>
          </Group>
        ))}
        {views.length > 0 && <Menu.Divider />}
        <Stack gap="xs" p="xs">
          <Text size="xs" c="dimmed">
            Save the current view under a name.
          </Text>
          <Group gap="xs" wrap="nowrap">
            <TextInput
              flex={1}
              aria-label="View name"
              placeholder="View name"
              value={name}
              maxLength={60}
              onChange={(event) => setName(event.currentTarget.value)}
              onKeyDown={(event) => {
                event.stopPropagation();
                if (event.key === 'Enter') save();
              }}
            />
            <Button variant="default" onClick={save} disabled={!name.trim()}>
              Save
            </Button>
          </Group>
        </Stack>
      </Menu.Dropdown>
    </Menu>
  );
}
