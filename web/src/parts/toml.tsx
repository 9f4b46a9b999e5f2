import { Copy } from './copy';
import { SafeText } from './safe-text';
import classes from './toml.module.css';

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
