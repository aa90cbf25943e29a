import { Badge } from '@mantine/core';
import { IconDeviceDesktop, IconSitemap, IconUsersGroup } from '@tabler/icons-react';
import { useLocation } from 'wouter';
import { PageBody, PageHead } from '../../components/page.tsx';
import { useLive } from '../../store/live.ts';
import { useAction } from '../../store/queries.ts';
import { Steps } from './steps.tsx';
import classes from './welcome.module.css';

const CHOICES = [
  {
    role: 'alone',
    icon: IconDeviceDesktop,
    title: 'Use this computer',
    text: 'It converts the videos on its own disks and on network drives. You can add more computers any time.',
  },
  {
    role: 'lead',
    icon: IconSitemap,
    title: 'Lead other computers',
    text: 'Like the first choice, and other computers on the network can help from the start.',
  },
  {
    role: 'join',
    icon: IconUsersGroup,
    title: 'Join a master',
    text: 'Another computer has the videos, and this one helps it convert them.',
  },
] as const;
const RECOMMENDED = 'alone';

/** The first question: what this computer is to be. */
export function ChooseRole() {
  const [, navigate] = useLocation();
  const name = useLive((live) => live.about?.name ?? 'this computer');
  const choose = useAction('setup.set', ['setup.get']);
  const set = useAction('settings.set', ['settings.get', 'hello']);
  const take = async (role: (typeof CHOICES)[number]['role']) => {
    try {
      await set.mutateAsync({ values: { lead: role === 'lead' } });
      await choose.mutateAsync({ role });
      navigate(`/welcome?step=${role === 'join' ? 'join' : 'folders'}`);
    } catch {
      // The action shows the error: the port may be taken.
    }
  };
  return (
    <>
      <PageHead title="Welcome to Flotilla" sentence={`How do you want to use ${name}? You can change this later.`} />
      <PageBody>
        <Steps current="role" />
        <div className={classes.choices}>
          {CHOICES.map(({ role, icon: Icon, title, text }) => (
            <button
              key={role}
              type="button"
              className={classes.choice}
              data-recommended={role === RECOMMENDED || undefined}
              disabled={choose.isPending || set.isPending}
              onClick={() => take(role)}
            >
              <Icon size={32} stroke={1.5} aria-hidden />
              <strong>{title}</strong>
              <span>{text}</span>
              {role === RECOMMENDED && (
                <Badge variant="light" tt="none">
                  Recommended
                </Badge>
              )}
            </button>
          ))}
        </div>
      </PageBody>
    </>
  );
}
