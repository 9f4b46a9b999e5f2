import type { ReactNode } from 'react';
import classes from './detail.module.css';

/** A part of the detail with its heading. */
export function Part(props: { title: ReactNode; beside?: ReactNode; children: ReactNode }) {
  return (
    <section className={classes.part}>
      <header className={classes.partHead}>
        <h3>{props.title}</h3>
        {props.beside && <span className={classes.beside}>{props.beside}</span>}
      </header>
      {props.children}
    </section>
  );
}
