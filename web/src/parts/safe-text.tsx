import { isPlain, type SafeOptions, safePieces } from '@/lib/safe-text';
import classes from './safe-text.module.css';

interface Props extends SafeOptions {
  text: string;
}

/** Text out of events. Everything that comes from outside is shown by this and by nothing else. */
export function SafeText({ text, keepLines }: Props) {
  return (
    <bdi className={classes.text}>
      <SafePieces text={text} keepLines={keepLines} />
    </bdi>
  );
}

/** The pieces alone, for places that isolate the text themselves. */
export function SafePieces({ text, keepLines }: Props) {
  if (isPlain(text)) return text;
  return safePieces(text, { keepLines }).map((piece, index) =>
    piece.hidden ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: pieces of a fixed text never change places
      <span key={index} className={classes.hidden} title={piece.hidden}>
        {piece.short}
      </span>
    ) : (
      piece.text
    ),
  );
}
