import { useTranslation } from 'react-i18next';
import { filterText, hasFilter } from '@/lib/query';
import { cut } from '@/lib/safe-text';
import { type Term, withTerm } from '@/lib/silence';
import { SafeText } from '@/parts/safe-text';
import classes from './silence-form.module.css';

interface Props {
  terms: readonly Term[];
  query: string;
  setQuery(query: string): void;
}

/** What makes the story, piece by piece; a tick writes into the query, and the query ticks. */
export function Terms({ terms, query, setQuery }: Props) {
  const { t } = useTranslation('silences');
  return (
    <fieldset className={classes.terms}>
      <legend>{t('story')}</legend>
      {terms.map((term) => {
        const text = filterText(term.filter);
        return (
          <label key={text}>
            <input
              type="checkbox"
              checked={hasFilter(query, term.filter)}
              onChange={(event) => setQuery(withTerm(query, term, event.target.checked))}
            />
            <code>
              <SafeText text={cut(text, 200)} />
            </code>
            {term.title && (
              <span className={classes.hint}>
                <SafeText text={cut(term.title, 100)} />
              </span>
            )}
          </label>
        );
      })}
      <p className={classes.hint}>{t('story.hint')}</p>
    </fieldset>
  );
}
