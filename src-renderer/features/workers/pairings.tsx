import { Button, Group, Text } from '@mantine/core';
import { useLive } from '../../store/live.ts';
import { useAction } from '../../store/queries.ts';
import classes from './pairings.module.css';

/** Computers that ask to join, with the digits that their own screens show too; nothing while there are none. */
export function Pairings() {
  const pairings = useLive((live) => live.summary?.pairings);
  const approve = useAction('pair.approve');
  const refuse = useAction('pair.refuse');
  if (!pairings || pairings.length === 0) return null;
  return (
    <ul className={classes.pairings} aria-label="Join requests">
      {pairings.map(({ code, name, address, version }) => (
        <li key={code} className={classes.pairing}>
          <span className={classes.code}>
            {code.slice(0, 3)} {code.slice(3)}
          </span>
          <div style={{ flex: 1 }}>
            <Text fw={500}>{name} asks to join</Text>
            <Text c="dimmed">
              From {address}, Flotilla {version}. Approve only if its screen shows the same digits.
            </Text>
          </div>
          <Group gap="xs">
            <Button variant="default" loading={refuse.isPending} onClick={() => refuse.mutate({ code })}>
              Refuse
            </Button>
            <Button loading={approve.isPending} onClick={() => approve.mutate({ code })}>
              Approve
            </Button>
          </Group>
        </li>
      ))}
    </ul>
  );
}
