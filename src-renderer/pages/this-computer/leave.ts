import { modals } from '@mantine/modals';
import { useAction } from '../../store/calls.ts';

/** Asks before this computer leaves its master, and says what happens then. */
export function useLeave(): { ask: (master: string) => void; now: () => void; busy: boolean } {
  const leave = useAction('master.leave');
  const now = () => leave.mutate({});
  const ask = (master: string) =>
    modals.openConfirmModal({
      title: `Leave ${master}?`,
      children: `This computer gives back what it converts, and ${master} has that converted anew, by itself or by others. Nothing on this computer's own disks changes. It can join again any time.`,
      labels: { confirm: `Leave ${master}`, cancel: 'Stay' },
      onConfirm: now,
    });
  return { ask, now, busy: leave.isPending };
}
