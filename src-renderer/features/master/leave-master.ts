import { modals } from '@mantine/modals';
import { useAction } from '../../store/queries.ts';

/** Asks before this computer leaves its master, and says what happens then. */
export function useLeaveMaster(): { ask: (master: string) => void; now: () => void; busy: boolean } {
  const leave = useAction('master.leave');
  const now = () => leave.mutate({});
  const ask = (master: string) =>
    modals.openConfirmModal({
      title: `Leave ${master}?`,
      children: `This computer gives back its current work, and ${master} starts it again from scratch, itself or on other computers. Nothing on this computer's own disks changes. You can join again any time.`,
      labels: { confirm: `Leave ${master}`, cancel: 'Cancel' },
      onConfirm: now,
    });
  return { ask, now, busy: leave.isPending };
}
