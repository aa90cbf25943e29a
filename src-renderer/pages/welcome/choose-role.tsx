import { IconDeviceDesktop, IconSitemap, IconUsersGroup } from '@tabler/icons-react';
import { PageBody, PageHead } from '../../components/page.tsx';
import { useAction } from '../../store/calls.ts';
import { useLive } from '../../store/live.ts';
import classes from './welcome.module.css';

const CHOICES = [
  {
    role: 'alone',
    icon: IconDeviceDesktop,
    title: 'Use this computer',
    text: 'It converts the films on its own disks and network drives, all by itself. More computers can be added any time.',
  },
  {
    role: 'lead',
    icon: IconSitemap,
    title: 'Lead other computers',
    text: 'The films are on or near this computer, and others on the network help it to convert them.',
  },
  {
    role: 'join',
    icon: IconUsersGroup,
    title: 'Join a master',
    text: 'Another computer leads; this one lends its power. It needs no films of its own.',
  },
] as const;

/** The first question: what this computer is to be. */
export function ChooseRole() {
  const name = useLive((live) => live.about?.name ?? 'this computer');
  const choose = useAction('setup.set', ['setup.get']);
  const set = useAction('settings.set', ['settings.get', 'hello']);
  const take = async (role: (typeof CHOICES)[number]['role']) => {
    try {
      await set.mutateAsync({ values: { lead: role === 'lead' } });
      choose.mutate({ role });
    } catch {
      // Told by the action: the port may be taken.
    }
  };
  return (
    <>
      <PageHead title="Welcome to Flotilla" sentence={`How do you want to use ${name}? You can change it later.`} />
      <PageBody>
        <div className={classes.choices}>
          {CHOICES.map(({ role, icon: Icon, title, text }) => (
            <button
              key={role}
              type="button"
              className={classes.choice}
              disabled={choose.isPending || set.isPending}
              onClick={() => take(role)}
            >
              <Icon size={32} stroke={1.5} aria-hidden />
              <strong>{title}</strong>
              <span>{text}</span>
            </button>
          ))}
        </div>
      </PageBody>
    </>
  );
}
