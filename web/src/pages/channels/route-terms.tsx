import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type RouteDraft, wrongIn } from '@/lib/route-form';
import { SafeText } from '@/parts/safe-text';
import classes from './channel-form.module.css';
import { ChannelChoice } from './route-choices';

const TERMS = [
  ['hours', 'hours'],
  ['after', 'after'],
  ['within', 'within'],
  ['digest', 'digest'],
  ['rate', 'rate'],
  ['escalateAfter', 'escalate'],
] as const;

interface Props {
  id: string;
  draft: RouteDraft;
  set(change: Partial<RouteDraft>): void;
  wrong(key: string): string | undefined;
  names: readonly string[];
}

/** When, from how much on, how much at most, and who else is told: what most routes do not ask for. */
export function RouteTerms({ id, draft, set, wrong, names }: Props) {
  const { t } = useTranslation('channels');
  const here = wrongIn(draft);
  const isUsed = TERMS.some(([field, key]) => draft[field] !== '' || wrong(key) !== undefined);
  const [isOpen, setOpen] = useState(isUsed);
  const isWrong = TERMS.some(([, key]) => wrong(key) !== undefined);
  const said = (key: (typeof TERMS)[number][1]) =>
    wrong(key) ??
    (here === key && (key === 'after' || key === 'within' || key === 'escalate')
      ? t(`route.${key}.wrong`)
      : undefined);
  return (
    <details
      className={classes.more}
      open={isOpen || isWrong}
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>{t('form.more')}</summary>
      <div className={classes.terms}>
        {TERMS.map(([field, key]) => {
          const mistake = said(key);
          return (
            <div key={field} className={classes.field}>
              <label htmlFor={`${id}-${field}`}>{t(`route.${key}.label`)}</label>
              <input
                id={`${id}-${field}`}
                value={draft[field]}
                maxLength={200}
                spellCheck={false}
                autoComplete="off"
                inputMode={field === 'after' ? 'numeric' : undefined}
                aria-invalid={mistake !== undefined}
                aria-describedby={`${id}-${field}-said`}
                onChange={(event) => set({ [field]: event.target.value })}
              />
              <p id={`${id}-${field}-said`} className={mistake ? classes.wrong : classes.hint}>
                {mistake ? <SafeText text={mistake} /> : t(`route.${key}.hint`)}
              </p>
            </div>
          );
        })}
        <ChannelChoice
          names={names}
          chosen={draft.escalateChannels}
          choose={(escalateChannels) => set({ escalateChannels })}
          legend={t('route.escalate.channels')}
        />
      </div>
    </details>
  );
}
