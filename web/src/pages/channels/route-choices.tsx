import { useTranslation } from 'react-i18next';
import { CONDITIONS, type Condition as Ready, type RouteDraft } from '@/lib/route-form';
import { safeString } from '@/lib/safe-text';
import { SafeText } from '@/parts/safe-text';
import { Matching } from '../silences/matching';
import classes from './channel-form.module.css';

const QUERY_MAX = 2000;
const READY = Object.keys(CONDITIONS) as Ready[];

interface ConditionProps {
  id: string;
  draft: RouteDraft;
  set(change: Partial<RouteDraft>): void;
  wrong?: string;
}

/** Of what somebody is told: a query, with what it matches or what is wrong with it. */
export function Condition({ id, draft, set, wrong }: ConditionProps) {
  const { t } = useTranslation('channels');
  const query = draft.when.trim();
  const choose = (ready: Ready) =>
    // Every launch of a program is of interest by itself.
    set({ when: CONDITIONS[ready], ...(ready === 'programs' && { group: 'none' as const }) });
  return (
    <div className={classes.field}>
      <label htmlFor={`${id}-when`}>{t('route.when')}</label>
      <fieldset className={classes.words} aria-label={t('route.ready')}>
        {READY.map((ready) => (
          <button
            key={ready}
            type="button"
            aria-pressed={query === CONDITIONS[ready]}
            onClick={() => choose(ready)}
          >
            {t(`route.ready.${ready}`)}
          </button>
        ))}
      </fieldset>
      <textarea
        id={`${id}-when`}
        rows={2}
        maxLength={QUERY_MAX}
        spellCheck={false}
        // biome-ignore lint/a11y/noAutofocus: the form was asked for
        autoFocus
        value={draft.when}
        aria-invalid={wrong !== undefined}
        aria-describedby={`${id}-when-said`}
        onChange={(event) => set({ when: event.target.value })}
      />
      <p id={`${id}-when-said`} className={wrong ? classes.wrong : classes.hint}>
        {wrong ? <SafeText text={wrong} /> : t('route.when.hint')}
      </p>
      {query === '' ? (
        <p className={classes.hint}>{t('route.matching.all')}</p>
      ) : (
        <Matching query={query} />
      )}
    </div>
  );
}

interface ChoiceProps {
  names: readonly string[];
  chosen: readonly string[];
  choose(names: string[]): void;
  legend: string;
  wrong?: string;
}

/** Which channels; one that is chosen and is no longer there can be taken away. */
export function ChannelChoice({ names, chosen, choose, legend, wrong }: ChoiceProps) {
  const { t } = useTranslation('channels');
  const gone = chosen.filter((name) => !names.includes(name));
  const toggle = (name: string, isChosen: boolean) =>
    choose(isChosen ? [...chosen, name] : chosen.filter((one) => one !== name));
  return (
    <fieldset>
      <legend>{legend}</legend>
      <div className={classes.choices}>
        {[...names, ...gone].map((name) => (
          <label key={name}>
            <input
              type="checkbox"
              checked={chosen.includes(name)}
              onChange={(event) => toggle(name, event.target.checked)}
            />
            <bdi>{safeString(name)}</bdi>
            {gone.includes(name) && (
              <span className={classes.wrong}>({t('route.channels.gone')})</span>
            )}
          </label>
        ))}
      </div>
      {names.length === 0 && <p className={classes.hint}>{t('route.channels.none')}</p>}
      {wrong && (
        <p className={classes.wrong} role="alert">
          <SafeText text={wrong} />
        </p>
      )}
    </fieldset>
  );
}

interface GroupProps {
  id: string;
  group: RouteDraft['group'];
  set(group: RouteDraft['group']): void;
}

/** One message for an alert, or one for each of its detections. */
export function Group({ id, group, set }: GroupProps) {
  const { t } = useTranslation('channels');
  return (
    <fieldset>
      <legend>{t('route.group')}</legend>
      <div className={classes.choices}>
        {(['story', 'none'] as const).map((one) => (
          <label key={one}>
            <input
              type="radio"
              name={`${id}-group`}
              checked={group === one}
              onChange={() => set(one)}
            />
            {t(`route.group.${one}`)}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
