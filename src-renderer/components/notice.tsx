import type { ReactNode } from 'react';
import classes from './notice.module.css';

/** Something that the user should know while looking at this page. */
export function Notice({ title, children }: { title?: string; children: ReactNode }) {
  return (
    <div className={classes.notice} role="note">
      {title && <strong>{title}</strong>}
      {children}
    </div>
  );
}
