import { Copy } from '@/parts/copy';
import { SafeText } from '@/parts/safe-text';
import classes from './channels.module.css';

/** A piece of configuration to copy. */
export function Toml({ text }: { text: string }) {
  return (
    <div className={classes.toml}>
      <Copy text={text} />
      <pre>
        <SafeText text={text} keepLines />
      </pre>
    </div>
  );
}
