import { Chip, Group, Select, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useMemo } from 'react';
import { useSearchParams } from 'wouter';
import type { VaultFilter } from '../../../src-shared/contract/vault.ts';
import { useLive } from '../../store/live.ts';
import classes from './vault.module.css';

const DAY_MS = 86_400_000;
/** Days since a replacement after which people trust its result. */
const AGES = [1, 7, 30, 90];

/** What the address asks the vault for; it survives a reload and can be shared. */
export interface View {
  search: string;
  library: number | undefined;
  /** Days since the replacement, at least. */
  age: number | undefined;
  expired: boolean;
}

const numberIn = (text: string | null) => (Number(text) > 0 ? Number(text) : undefined);

/** The view in the address, and how to change a part of it. */
export function useView(): [view: View, change: (part: Partial<View>) => void] {
  const [params, setParams] = useSearchParams();
  const view = {
    search: params.get('search') ?? '',
    library: numberIn(params.get('library')),
    age: numberIn(params.get('age')),
    expired: params.has('expired'),
  };
  const change = (part: Partial<View>) =>
    setParams(
      (now) => {
        const next = new URLSearchParams(now);
        for (const [name, value] of Object.entries(part)) {
          if (value) next.set(name, String(value));
          else next.delete(name);
        }
        return next;
      },
      { replace: true },
    );
  return [view, change];
}

/** The filter of a view. Its limit in time stays the same while the view does, so that answers are found again. */
export function useFilter({ search, library, age, expired }: View): VaultFilter {
  return useMemo(
    () => ({
      ...(search && { search }),
      ...(library && { library }),
      ...(age && { replacedBefore: Date.now() - age * DAY_MS }),
      ...(expired && { expired: true as const }),
    }),
    [search, library, age, expired],
  );
}

/** Search, library, age, and expiry. */
export function Filters({ view, change }: { view: View; change: (part: Partial<View>) => void }) {
  const libraries = useLive((live) => live.summary?.libraries ?? []);
  return (
    <Group gap="xs" className={classes.filters}>
      <TextInput
        className={classes.search}
        aria-label="Search the vault"
        placeholder="Search the vault"
        leftSection={<IconSearch size={16} aria-hidden />}
        value={view.search}
        maxLength={200}
        onChange={(event) => change({ search: event.currentTarget.value })}
      />
      {libraries.length > 1 && (
        <Select
          aria-label="Library"
          data={[
            { value: '', label: 'All libraries' },
            ...libraries.map(({ id, root }) => ({ value: String(id), label: root })),
          ]}
          allowDeselect={false}
          value={String(view.library ?? '')}
          onChange={(value) => change({ library: numberIn(value) })}
        />
      )}
      <Select
        aria-label="Replaced"
        w={180}
        data={[
          { value: '', label: 'Replaced any time' },
          ...AGES.map((days) => ({ value: String(days), label: `Over ${days === 1 ? '1 day' : `${days} days`} ago` })),
        ]}
        allowDeselect={false}
        value={String(view.age ?? '')}
        onChange={(value) => change({ age: numberIn(value) })}
      />
      <Chip checked={view.expired} onChange={(expired) => change({ expired })}>
        Expired
      </Chip>
    </Group>
  );
}
