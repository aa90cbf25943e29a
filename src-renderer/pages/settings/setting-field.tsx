import { NumberInput, Select, Switch, TagsInput, TextInput } from '@mantine/core';
import { useEffect, useState } from 'react';
import { messageOf } from '../../../src-shared/errors.ts';
import { parseSetting, type SettingInfo } from '../../../src-shared/settings.ts';

interface Props {
  info: SettingInfo;
  label: string;
  value: unknown;
  locked: boolean;
  /** Null takes the stored value back. */
  store: (value: unknown) => void;
}

/** What stands where a setting without a value is: what happens then. */
const WITHOUT: Record<string, string> = {
  crf: 'By the quality table',
  tempDir: 'In the data folder',
  ffmpegPath: 'Not chosen',
};

/** One setting, in the control that fits its kind. What is typed counts on leaving the field or on Enter. */
export function SettingField({ info, label, value, locked, store }: Props) {
  const [draft, setDraft] = useState(value);
  const [trouble, setTrouble] = useState<string | null>(null);
  useEffect(() => setDraft(value), [value]);

  const commit = (next: unknown) => {
    if (next === value || (next === '' && value === null)) return setTrouble(null);
    try {
      if (next !== '' || !info.nullable) parseSetting(info.key, next, label);
      setTrouble(null);
      store(next === '' ? null : next);
    } catch (error) {
      setTrouble(messageOf(error));
    }
  };
  const common = { label, description: `${info.help}.`, disabled: locked };
  const typed = {
    ...common,
    error: trouble,
    placeholder: WITHOUT[info.key] ?? '',
    onBlur: () => commit(draft),
    onKeyDown: (event: React.KeyboardEvent) => event.key === 'Enter' && commit(draft),
  };

  if (info.type === 'boolean') {
    return <Switch {...common} checked={value === true} onChange={(event) => store(event.currentTarget.checked)} />;
  }
  if (info.choices) {
    const words = (choice: string) => choice.charAt(0).toUpperCase() + choice.slice(1);
    return (
      <Select
        {...common}
        styles={{ wrapper: { maxWidth: 320 } }}
        allowDeselect={false}
        data={info.choices.map((choice) => ({ value: choice, label: words(choice) }))}
        value={String(value)}
        onChange={store}
      />
    );
  }
  if (info.type === 'list') {
    return (
      <TagsInput
        {...common}
        error={trouble}
        value={Array.isArray(value) ? value : []}
        onChange={commit}
        splitChars={[',']}
      />
    );
  }
  if (info.type === 'number') {
    return (
      <NumberInput
        {...typed}
        styles={{ wrapper: { maxWidth: 160 } }}
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
    <TextInput
      {...typed}
      value={typeof draft === 'string' ? draft : ''}
      onChange={(event) => setDraft(event.currentTarget.value)}
    />
  );
}
