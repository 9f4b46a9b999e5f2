import { useTranslation } from 'react-i18next';
import type { AlertDetail, AlertInfo } from '@/api/types';
import { useSettings } from '@/app/settings';
import { fieldOf } from '@/lib/event';
import { formatCount } from '@/lib/format';
import { cut } from '@/lib/safe-text';
import { factsOf, sevenSentence, type Translate } from '@/lib/seven';
import { formatSecond } from '@/lib/time';
import { SafeText } from '@/parts/safe-text';
import classes from './detail.module.css';

/** A command line can be endless; in a sentence it may not. */
const VALUE_MAX = 240;

/** "at 12:56:00 on 2026-11-21" */
function useWhen(): (at: string) => string {
  const { t } = useTranslation('alerts');
  const { zone } = useSettings();
  return (at) => {
    const ms = Date.parse(at);
    if (Number.isNaN(ms)) return '';
    const [day = '', clock = ''] = formatSecond(ms, zone).split(' ');
    return t('when', { day, clock });
  };
}

/** The seven W's as a sentence, what the rule counted, how it went on, and the line itself. */
export function Sentence(props: { alert: AlertInfo | undefined; detail: AlertDetail | undefined }) {
  const { alert, detail } = props;
  return (
    <div className={classes.sentence}>
      {detail ? <Words detail={detail} /> : <p>&nbsp;</p>}
      {alert && (
        <p className={classes.message}>
          <SafeText text={cut(alert.message, 2000)} />
        </p>
      )}
    </div>
  );
}

function Words({ detail: { alert, seven } }: { detail: AlertDetail }) {
  const { t } = useTranslation('alerts');
  const when = useWhen();
  const say = t as unknown as Translate;
  const pieces = sevenSentence(factsOf(seven, alert.event), when(seven.when), say);
  const counted = fieldOf(alert.event ?? {}, 'watchpost.alert.count');
  const more = alert.count - 1;
  return (
    <p>
      {pieces.map((piece, index) =>
        piece.name ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: a sentence never changes the order of its words
          <b key={index}>
            <SafeText text={cut(piece.text, VALUE_MAX)} />
          </b>
        ) : (
          <Unbroken key={piece.text} text={piece.text} />
        ),
      )}
      {typeof counted === 'number' && counted > 1 && (
        <> {t('tail.counted', { count: counted }).replace(String(counted), formatCount(counted))}</>
      )}
      {more > 0 && (
        <>
          {' '}
          <Unbroken
            text={t('tail.more', { count: more, when: when(alert.last) }).replace(
              String(more),
              formatCount(more),
            )}
          />
        </>
      )}
    </p>
  );
}

/** Dates may not be broken at their hyphens. */
function Unbroken({ text }: { text: string }) {
  return text.split(/(\d{4}-\d\d-\d\d)/).map((part, index) =>
    index % 2 === 1 ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: parts of a fixed text never change places
      <span key={index} className={classes.unbroken}>
        {part}
      </span>
    ) : (
      part
    ),
  );
}
