import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useId, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { channelsQuery } from '@/api/channels';
import { isApiError } from '@/api/client';
import type { ChannelInfo, MadeChannel } from '@/api/types';
import { formOf, isMore, type Kind, kindOf, spokenOf } from '@/lib/channel-form';
import { safeString } from '@/lib/safe-text';
import { Button } from '@/parts/button';
import { SafeText } from '@/parts/safe-text';
import { Failure } from '@/parts/states';
import classes from './channel-form.module.css';
import { Conflict } from './conflict';
import { Field } from './field';
import { Kinds, useKindName } from './kinds';
import { Template, TemplatePreview } from './template';
import { Tried } from './tried';
import { type Form, useForm } from './use-form';

interface Props {
  /** The kind to make, or no kind yet. */
  make: string | undefined;
  /** The channel to change. */
  edit: string | undefined;
  channels: readonly ChannelInfo[];
  close(): void;
}

/** A channel is made or changed, in the place of the list. */
export function ChannelPanel({ make, edit, channels, close }: Props) {
  const { t } = useTranslation('channels');
  const made = channels.find(({ name }) => name === edit)?.made;
  const kind = kindOf(edit === undefined ? make : made?.settings.kind);
  return (
    <section className={classes.panel}>
      <Button look="quiet" onClick={close}>
        {t('back')}
      </Button>
      {edit === undefined && !kind && <Kinds />}
      {edit !== undefined && !kind && (
        <p role="alert">{t('form.gone', { channel: safeString(edit) })}</p>
      )}
      {kind && <Loaded key={`${kind} ${edit}`} kind={kind} made={made} close={close} />}
    </section>
  );
}

interface LoadedProps {
  kind: Kind;
  made: MadeChannel | undefined;
  close(): void;
}

/** The form begins with what there was then; what others save meanwhile is told, and loaded when asked for. */
function Loaded({ kind, made, close }: LoadedProps) {
  const client = useQueryClient();
  const [begun, setBegun] = useState(made);
  const [isSaved, setSaved] = useState(false);
  const load = async () => {
    await client.invalidateQueries({ queryKey: channelsQuery.queryKey });
    const list = client.getQueryData(channelsQuery.queryKey)?.channels;
    setBegun(list?.find(({ name }) => name === begun?.settings.name)?.made ?? begun);
  };
  const isChanged = !isSaved && made !== undefined && made.version !== begun?.version;
  return (
    <ChannelForm
      key={begun?.version}
      kind={kind}
      made={begun}
      newer={isChanged ? made : undefined}
      load={() => void load()}
      saved={() => {
        setSaved(true);
        close();
      }}
      close={close}
    />
  );
}

interface FormProps extends LoadedProps {
  /** What somebody else made of it meanwhile. */
  newer: MadeChannel | undefined;
  load(): void;
  saved(): void;
}

function ChannelForm({ kind, made, newer, load, saved, close }: FormProps) {
  const { t } = useTranslation('channels');
  const nameOf = useKindName();
  const id = useId();
  const form = useForm(kind, made, saved);
  const usual = useQuery(channelsQuery).data?.usual_template;
  const body = useRef<HTMLFormElement>(null);
  const wrongKey = form.wrong?.key;
  useEffect(() => {
    if (wrongKey) body.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [wrongKey]);
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    if (!form.isReady || form.save.isPending) return;
    form.attempt.reset();
    form.save.mutate(form.settings);
  };
  const isOld = isApiError(form.error, 'changed');
  return (
    <form ref={body} className={classes.form} onSubmit={submit} aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>
        {made
          ? t('form.edit', { channel: safeString(form.name) })
          : t('form.new', { kind: nameOf(kind) })}
      </h2>
      <p className={classes.hint}>{t(`need.${kind}`)}</p>
      {made?.problem && (
        <p className={classes.wrong} role="alert">
          <SafeText text={made.problem} />
        </p>
      )}
      <div className={classes.columns}>
        <Fields kind={kind} made={made} form={form} id={id} />
        <div className={classes.text}>
          <Template
            form={id}
            template={form.values.template ?? ''}
            usual={usual}
            set={(template) => form.change('template', template)}
            wrong={form.wrong?.key === 'template' ? form.wrong.text : undefined}
          />
          <TemplatePreview settings={spokenOf(form.settings)} />
        </div>
      </div>
      {newer && <Conflict made={newer} load={load} />}
      {form.error && !(isOld && newer) && <Failure error={form.error} />}
      {form.attempt.data && <Tried tried={form.attempt.data.tried} />}
      <Buttons kind={kind} form={form} close={close} />
    </form>
  );
}

function Buttons({ kind, form, close }: { kind: Kind; form: Form; close(): void }) {
  const { t } = useTranslation(['channels', 'common']);
  const { attempt, save, settings, isReady } = form;
  const attemptNow = () => {
    save.reset();
    attempt.mutate(settings);
  };
  return (
    <div className={classes.buttons}>
      <Button type="submit" look="primary" disabled={!isReady || save.isPending}>
        {t('form.save')}
      </Button>
      <Button disabled={!isReady || attempt.isPending} onClick={attemptNow}>
        {t(attempt.isPending ? 'test.running' : 'form.try')}
      </Button>
      <Button look="quiet" onClick={close}>
        {t('common:cancel')}
      </Button>
      <span className={classes.hint}>
        {t(kind === 'pagerduty' ? 'form.try.pagerduty' : 'form.try.hint')}
      </span>
    </div>
  );
}

interface FieldsProps {
  kind: Kind;
  made: MadeChannel | undefined;
  form: Form;
  id: string;
}

function Fields({ kind, made, form, id }: FieldsProps) {
  const { t } = useTranslation('channels');
  const { first, more } = formOf(kind);
  const wrongMore = form.wrong !== undefined && isMore(kind, form.wrong.key);
  const [isOpen, setOpen] = useState(false);
  const show = (field: (typeof first)[number]) => (
    <Field
      key={field.key}
      field={field}
      form={id}
      value={form.values[field.key] ?? ''}
      set={(value) => form.change(field.key, value)}
      wrong={form.wrong?.key === field.key ? form.wrong.text : undefined}
      isKept={field.isSecret && made?.secrets.includes(field.key)}
      isRemoved={form.removed.has(field.key)}
      remove={(removed) => form.remove(field.key, removed)}
      isFixed={made !== undefined && field.key === 'name'}
    />
  );
  return (
    <div>
      {first.map(show)}
      <details
        className={classes.more}
        open={isOpen || wrongMore}
        onToggle={(event) => setOpen(event.currentTarget.open)}
      >
        <summary>{t('form.more')}</summary>
        {more.map(show)}
      </details>
    </div>
  );
}
