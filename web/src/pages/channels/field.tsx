import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Field as FieldInfo } from '@/lib/channel-form';
import { Button } from '@/parts/button';
import { SafeText } from '@/parts/safe-text';
import classes from './channel-form.module.css';

/** Of the longest that anybody writes: several certificates. */
const TEXT_MAX = 4_000;
const LINES_MAX = 60_000;

interface Props {
  field: FieldInfo;
  /** Of the form: what its fields are named by. */
  form: string;
  value: string;
  set(value: string): void;
  /** What is wrong with it. */
  wrong?: string;
  /** It is a secret that has a value. */
  isKept?: boolean;
  isRemoved?: boolean;
  remove(removed: boolean): void;
  isFixed?: boolean;
}

/** One key of a channel: its name, its control, and below what it is or what is wrong with it. */
export function Field(props: Props) {
  const { field, form, wrong, isKept, isRemoved, isFixed } = props;
  const { t } = useTranslation('channels');
  const id = `${form}-${field.key}`;
  const label = t(`field.${field.label}`);
  const hint = isFixed ? t('form.name.fixed') : t(`field.${field.label}.hint`);
  const kept = isKept && t(isRemoved ? 'secret.goes' : 'secret.kept');
  const isTick = field.type === 'tick';
  return (
    <div className={isTick ? `${classes.field} ${classes.tick}` : classes.field}>
      <label htmlFor={id}>
        {label}
        {field.isRequired && !isKept && !isFixed && (
          <span className={classes.needed}> {t('field.needed')}</span>
        )}
      </label>
      <div className={classes.control}>
        <Control {...props} id={id} />
        {isKept && !field.isRequired && (
          <Button
            aria-label={t(isRemoved ? 'secret.keep' : 'secret.remove', { field: label })}
            onClick={() => props.remove(!isRemoved)}
          >
            {t(isRemoved ? 'secret.keep.word' : 'secret.remove.word')}
          </Button>
        )}
      </div>
      <p id={`${id}-said`} className={wrong ? classes.wrong : classes.hint}>
        {wrong ? <SafeText text={wrong} /> : `${kept ? `${kept} ` : ''}${hint}`}
      </p>
    </div>
  );
}

function Control({ id, ...props }: Props & { id: string }) {
  const { field, value, set, wrong, isRemoved, isFixed } = props;
  const { t } = useTranslation('channels');
  const common = {
    id,
    'aria-invalid': wrong !== undefined,
    'aria-describedby': `${id}-said`,
    disabled: isRemoved,
  };
  const choices = field.type === 'yes' ? ['true', 'false'] : field.choices;
  if (choices) {
    return (
      <select {...common} value={value} onChange={(event) => set(event.target.value)}>
        <option value="">{t('choice.usual')}</option>
        {choices.map((choice) => (
          <option key={choice} value={choice}>
            {choice in CHOICES ? t(CHOICES[choice as keyof typeof CHOICES]) : choice}
          </option>
        ))}
      </select>
    );
  }
  if (field.type === 'tick') {
    return (
      <input
        {...common}
        type="checkbox"
        checked={value === 'true'}
        onChange={(event) => set(event.target.checked ? 'true' : '')}
      />
    );
  }
  if (['list', 'lines', 'headers'].includes(field.type)) {
    return (
      <textarea
        {...common}
        rows={field.type === 'lines' ? 4 : 2}
        maxLength={LINES_MAX}
        placeholder={field.place}
        spellCheck={false}
        autoComplete="off"
        value={value}
        onChange={(event) => set(event.target.value)}
      />
    );
  }
  const input = {
    ...common,
    maxLength: TEXT_MAX,
    placeholder: field.place,
    spellCheck: false,
    value,
    onChange: (event: React.ChangeEvent<HTMLInputElement>) => set(event.target.value),
  };
  if (field.isSecret && !field.isShown) return <Hidden {...props} input={input} />;
  return <input {...input} autoComplete="off" readOnly={isFixed} />;
}

const CHOICES = {
  true: 'choice.true',
  false: 'choice.false',
  en: 'choice.en',
  ru: 'choice.ru',
} as const;

/** What nobody should read over a shoulder, unless one wants to see what one writes. */
function Hidden({
  field,
  value,
  input,
}: Props & { input: React.InputHTMLAttributes<HTMLInputElement> }) {
  const { t } = useTranslation('channels');
  const [isSeen, setSeen] = useState(false);
  const label = t(`field.${field.label}`);
  return (
    <>
      <input {...input} type={isSeen ? 'text' : 'password'} autoComplete="new-password" />
      {value !== '' && (
        <Button
          aria-label={t(isSeen ? 'secret.hide' : 'secret.show', { field: label })}
          onClick={() => setSeen(!isSeen)}
        >
          {t(isSeen ? 'secret.hide.word' : 'secret.show.word')}
        </Button>
      )}
    </>
  );
}
