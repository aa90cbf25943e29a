import { Button, Group, NumberInput, Select, Switch, TagsInput, TextInput } from '@mantine/core';
import { modals } from '@mantine/modals';
import { type KeyboardEvent, useEffect, useState } from 'react';
import type { SettingText } from '../../../src-shared/settings/setting-groups.ts';
import { parseSetting, type SettingInfo } from '../../../src-shared/settings/settings.ts';
import { messageOf } from '../../../src-shared/util/errors.ts';
import { FolderPicker } from '../../features/folders/folder-picker.tsx';
import classes from './settings.module.css';

interface Props {
  id: string;
  info: SettingInfo;
  text: SettingText;
  value: unknown;
  /** Ids of what describes it. */
  describedBy: string;
  /** Null removes the stored value. */
  store: (value: unknown) => void;
}

/** Why a value cannot be, as a sentence; undefined when it can. A list names the item that is at fault. */
function problemOf(info: SettingInfo, label: string, value: unknown): string | undefined {
  if (value === '' && info.nullable) return undefined;
  try {
    parseSetting(info.key, value, label);
    return undefined;
  } catch (error) {
    if (!Array.isArray(value)) return messageOf(error);
    const wrong = value.find((item) => {
      try {
        parseSetting(info.key, [item], label);
        return false;
      } catch {
        return true;
      }
    });
    return `"${wrong}" can't be used here. Each must be ${info.allowed.replace(/ separated by commas$/, '')}.`;
  }
}

function chooseFolder(label: string, choose: (path: string) => void): void {
  modals.open({
    title: label,
    size: 'lg',
    children: (
      <FolderPicker
        any
        choose={(path) => {
          choose(path);
          modals.closeAll();
        }}
      />
    ),
  });
}

/**
 * One setting, in the control that fits its kind. Typed values are saved on leaving the field or on Enter; what cannot be
 * saved stays as it was typed, with the reason.
 */
export function SettingField({ id, info, text, value, describedBy, store }: Props) {
  const [draft, setDraft] = useState(value);
  const [error, setError] = useState<string>();
  useEffect(() => {
    setDraft(value);
    setError(undefined);
  }, [value]);

  const commit = (next: unknown) => {
    if (next === value || (next === '' && value === null)) return setError(undefined);
    const problem = problemOf(info, text.label, next);
    setError(problem);
    if (!problem) store(next === '' ? null : next);
  };
  const common = { id, 'aria-describedby': describedBy, error };
  const typed = {
    ...common,
    placeholder: text.without ?? '',
    onBlur: () => commit(draft),
    onKeyDown: (event: KeyboardEvent) => event.key === 'Enter' && commit(draft),
  };

  if (info.type === 'boolean') {
    return (
      <Switch
        id={id}
        aria-describedby={describedBy}
        checked={value === true}
        onChange={(event) => store(event.currentTarget.checked)}
      />
    );
  }
  if (text.choices) {
    return (
      <Select
        {...common}
        allowDeselect={false}
        data={text.choices.map(([choice, label]) => ({ value: choice, label }))}
        value={String(value)}
        onChange={(choice) => store(info.type === 'number' ? Number(choice) : choice)}
      />
    );
  }
  if (info.type === 'list') {
    return (
      <TagsInput
        {...common}
        value={Array.isArray(draft) ? draft : []}
        splitChars={[',']}
        placeholder="Type and press Enter"
        acceptValueOnBlur
        onChange={(items) => {
          setDraft(items);
          commit(items);
        }}
      />
    );
  }
  if (info.type === 'number') {
    return (
      <NumberInput
        {...typed}
        value={typeof draft === 'number' || typeof draft === 'string' ? draft : ''}
        {...(info.minimum !== undefined && { min: info.minimum })}
        {...(info.maximum !== undefined && { max: info.maximum })}
        allowDecimal={!info.whole}
        clampBehavior="none"
        onChange={setDraft}
      />
    );
  }
  return (
    <Group gap="xs" wrap="nowrap" align="flex-start">
      <TextInput
        {...typed}
        className={classes.grow}
        value={typeof draft === 'string' ? draft : ''}
        onChange={(event) => setDraft(event.currentTarget.value)}
      />
      {text.editor === 'folder' && (
        <Button variant="default" flex="none" onClick={() => chooseFolder(text.label, commit)}>
          Choose…
        </Button>
      )}
    </Group>
  );
}
