import { memo, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Event } from '@/api/types';
import { fieldOf, textOf, timeOf } from '@/lib/event';
import { formatCount } from '@/lib/format';
import { marksOf } from '@/lib/highlight';
import { cut } from '@/lib/safe-text';
import { severityOf } from '@/lib/severity';
import { formatMoment, type Zone } from '@/lib/time';
import { SafePieces } from '@/parts/safe-text';
import tones from '@/parts/severity.module.css';
import { cellText, LINE_MAX, MESSAGE, WRAPPED_MAX } from './columns';
import type { Row } from './row';
import classes from './table.module.css';

/** Text with the words of the query marked, and harmless all the same. */
export function Marked({ text, pattern }: { text: string; pattern: RegExp | undefined }) {
  const marks = marksOf(text, pattern);
  if (marks.length === 0) return <SafePieces text={text} />;
  const parts: ReactNode[] = [];
  let at = 0;
  for (const { from, to } of marks) {
    parts.push(<SafePieces key={at} text={text.slice(at, from)} />);
    parts.push(
      <mark key={`m${from}`}>
        <SafePieces text={text.slice(from, to)} />
      </mark>,
    );
    at = to;
  }
  parts.push(<SafePieces key="end" text={text.slice(at)} />);
  return parts;
}

/** `11-21 11:33:17.359`: the year stands in the title with the other zone and the nanoseconds. */
function TimeCell({ event, zone }: { event: Event; zone: Zone }) {
  const at = timeOf(event);
  const ms = Date.parse(at);
  if (Number.isNaN(ms)) return <span className={classes.cell}>{cut(at, 40)}</span>;
  const text = formatMoment(ms, zone);
  const title = zone === 'utc' ? at.slice(0, 40) : `${text}\n${at.slice(0, 40)}`;
  return (
    <span role="gridcell" className={`${classes.cell} ${classes.time}`} title={title}>
      {text.slice(5)}
    </span>
  );
}

export interface LineLook {
  columns: string[];
  zone: Zone;
  wrap: boolean;
  pattern: RegExp | undefined;
}

/** One row of the table, closed. */
export const RowLine = memo(function RowLine({ row, look }: { row: Row; look: LineLook }) {
  const { event } = row;
  const { columns, zone, wrap, pattern } = look;
  const level = severityOf(fieldOf(event, 'log.level'));
  return (
    <div className={classes.line}>
      <span className={`${classes.bar} ${tones[level]}`} title={level} />
      <TimeCell event={event} zone={zone} />
      {columns.map((column) =>
        column === MESSAGE ? (
          <span key={column} role="gridcell" className={classes.cell}>
            <Marked
              text={cut(textOf(event.message), wrap ? WRAPPED_MAX : LINE_MAX)}
              pattern={pattern}
            />
          </span>
        ) : (
          <span key={column} role="gridcell" className={`${classes.cell} ${classes.side}`}>
            <SafePieces text={cellText(event, column)} />
          </span>
        ),
      )}
    </div>
  );
});

/** Events that were left out are declared where they would stand. */
export function ShedLine({ count }: { count: number }) {
  const { t } = useTranslation('search');
  return <div className={classes.shed}>{t('live.shed', { count, shown: formatCount(count) })}</div>;
}
