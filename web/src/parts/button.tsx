import type { ButtonHTMLAttributes, Ref } from 'react';
import classes from './button.module.css';
import { Icon, type IconName } from './icon';

interface Look {
  /** `quiet` has no border until it is used; `primary` is the one thing to do here. */
  look?: 'plain' | 'quiet' | 'primary';
  small?: boolean;
  ref?: Ref<HTMLButtonElement>;
}

type Props = ButtonHTMLAttributes<HTMLButtonElement> & Look;

function classOf({ look, small, className }: Props, icon: boolean): string {
  return [
    classes.button,
    look === 'quiet' && classes.quiet,
    look === 'primary' && classes.primary,
    small && classes.small,
    icon && classes.icon,
    className,
  ]
    .filter(Boolean)
    .join(' ');
}

export function Button(props: Props) {
  const { look, small, className, ...rest } = props;
  return <button type="button" {...rest} className={classOf({ look, small, className }, false)} />;
}

/** A button whose word would not fit: the label is its name and its tooltip. */
export function IconButton(props: Props & { icon: IconName; label: string; hint?: string }) {
  const { look = 'quiet', small, className, icon, label, hint, ...rest } = props;
  return (
    <button
      type="button"
      aria-label={label}
      title={hint ?? label}
      {...rest}
      className={classOf({ look, small, className }, true)}
    >
      <Icon name={icon} />
    </button>
  );
}
