import { EmptyState as MantineEmptyState } from '@mantine/core';
import type { TablerIcon } from '@tabler/icons-react';
import type { ReactNode } from 'react';

/** Shown in place of an empty list: what will be here, and the one button that makes it so. */
export function EmptyState(props: { icon: TablerIcon; title: string; children: ReactNode; action?: ReactNode }) {
  const { icon: Icon, title, children, action } = props;
  return (
    <MantineEmptyState
      size="sm"
      py="xl"
      icon={<Icon size={32} stroke={1.5} aria-hidden />}
      title={title}
      description={children}
    >
      {action && <MantineEmptyState.Actions>{action}</MantineEmptyState.Actions>}
    </MantineEmptyState>
  );
}
