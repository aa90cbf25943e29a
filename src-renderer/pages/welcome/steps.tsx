import { Link } from 'wouter';
import { useCall } from '../../store/queries.ts';
import classes from './welcome.module.css';

const STEPS = [
  { key: 'role', title: 'How to use it', href: '/welcome?step=role' },
  { key: 'folders', title: 'Folders', href: '/welcome?step=folders' },
  { key: 'preview', title: 'Preview' },
] as const;

/** The steps of the first run, with a way back to those that are done; nothing once it is over. */
export function Steps({ current }: { current: (typeof STEPS)[number]['key'] }) {
  const setup = useCall('setup.get', {});
  if (setup.data?.complete !== false) return null;
  const at = STEPS.findIndex(({ key }) => key === current);
  return (
    <nav aria-label="Steps">
      <ol className={classes.steps}>
        {STEPS.map((step, i) => (
          <li key={step.key} aria-current={i === at ? 'step' : undefined}>
            {i < at && 'href' in step ? <Link href={step.href}>{step.title}</Link> : step.title}
          </li>
        ))}
      </ol>
    </nav>
  );
}
