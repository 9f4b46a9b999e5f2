import classes from './skeleton.module.css';

/** Stands where a text will be, of about its width, so that nothing moves when it comes. */
export function Skeleton({ width }: { width: number | string }) {
  return <span className={classes.skeleton} style={{ width }} aria-hidden="true" />;
}
