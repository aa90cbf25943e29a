import { useDocumentTitle } from '@mantine/hooks';
import type { ReactNode } from 'react';
import classes from './page.module.css';

/** The top of a page: its title, how things stand in one sentence, and what to do. */
export function PageHead({ title, sentence, actions }: { title: string; sentence?: ReactNode; actions?: ReactNode }) {
  useDocumentTitle(`${title} · Flotilla`);
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

/** What stands below the head; `form` keeps lines short enough to read. */
export function PageBody({ form = false, children }: { form?: boolean; children: ReactNode }) {
  return (
    <div className={classes.body}>
      <div className={form ? classes.form : undefined}>{children}</div>
    </div>
  );
}

/** A part of a page with its own heading; `aside` stands at the right of the heading. */
export function Section({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <section className={classes.section} aria-label={title}>
      <h2>
        {title}
        {aside}
      </h2>
      {children}
    </section>
  );
}
