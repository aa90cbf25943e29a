import type { ReactNode } from 'react';
import { Logo } from '../../components/logo.tsx';
import classes from './frame.module.css';

/** The page that is shown instead of the interface: a logo, a title, and what to do. */
export function Frame({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className={classes.page}>
      <div className={classes.card}>
        <span className={classes.logo}>
          <Logo size={40} />
        </span>
        <h1>{title}</h1>
        {children}
      </div>
    </main>
  );
}
