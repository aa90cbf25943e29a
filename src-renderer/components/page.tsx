import { useDocumentTitle } from '@mantine/hooks';
import type { ReactNode } from 'react';
import { useTitlePrefix } from '../store/tab-status.ts';
import classes from './page.module.css';

/** The top of a page: its title, its state in one sentence, and its actions. */
export function PageHead({ title, sentence, actions }: { title: string; sentence?: ReactNode; actions?: ReactNode }) {
  useDocumentTitle(`${useTitlePrefix()}${title} · Flotilla`);
  return (
    <header className={classes.head}>
      <div>
        <h1>{title}</h1>
        <p className={classes.sentence} role="status">
          {sentence}
        </p>
      </div>
      {actions && <div className={classes.actions}>{actions}</div>}
    </header>
  );
}

/** The content below the head; `form` limits the width to readable lines. */
export function PageBody({ form = false, children }: { form?: boolean; children: ReactNode }) {
  return (
    <div className={classes.body}>
      <div className={form ? classes.form : undefined}>{children}</div>
    </div>
  );
}

/** A part of a page with its own heading; `aside` is placed at the right of the heading. */
export function Section(props: { title: string; id?: string; aside?: ReactNode; children: ReactNode }) {
  const { title, id, aside, children } = props;
  return (
    <section id={id} className={classes.section} aria-label={title}>
      <h2>
        {title}
        {aside}
      </h2>
      {children}
    </section>
  );
}
