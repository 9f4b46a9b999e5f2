import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Event, Json } from '@/api/types';
import { flatten, idOf, leavesOf, textOf } from '@/lib/event';
import { formatCount } from '@/lib/format';
import type { Filter } from '@/lib/query';
import { cut, safeString } from '@/lib/safe-text';
import { Button, IconButton } from '@/parts/button';
import { Copy } from '@/parts/copy';
import { SafeText } from '@/parts/safe-text';
import classes from './detail.module.css';

export interface DetailActions {
  filter(filter: Filter): void;
  toggleColumn(name: string): void;
  context(id: string): void;
  linkTo(event: Event): string;
}

interface Props {
  event: Event;
  json: string;
  actions: DetailActions;
  close?: () => void;
}

/** One event in full: its fields as a table, or its JSON. */
export function Detail({ event, json, actions, close }: Props) {
  const { t } = useTranslation('search');
  const [tab, setTab] = useState<'fields' | 'json'>('fields');
  const id = idOf(event);
  return (
    <div className={classes.detail}>
      <div className={classes.head}>
        <div className={classes.tabs} role="tablist">
          {(['fields', 'json'] as const).map((name) => (
            <button
              key={name}
              type="button"
              role="tab"
              aria-selected={tab === name}
              onClick={() => setTab(name)}
            >
              {t(`detail.${name}`)}
            </button>
          ))}
        </div>
        {id && (
          <Button small onClick={() => actions.context(id)}>
            {t('detail.context')}
          </Button>
        )}
        <Copy text={() => actions.linkTo(event)} label={t('detail.link')} />
        <Copy text={() => pretty(json)} label={t('detail.copy.json')} />
        {close && (
          <span className={classes.close}>
            <IconButton icon="close" small label={t('detail.close')} onClick={close} />
          </span>
        )}
      </div>
      {tab === 'fields' ? <Fields event={event} actions={actions} /> : <JsonText json={json} />}
    </div>
  );
}

function pretty(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}

/** What a browser lays out without a pause. The button copies all of it. */
const SHOWN_MAX = 100_000;

function JsonText({ json }: { json: string }) {
  const { t } = useTranslation('search');
  const [all, setAll] = useState(false);
  const text = useMemo(() => pretty(json), [json]);
  return (
    <>
      <pre className={classes.json}>
        <SafeText text={all ? text : cut(text, SHOWN_MAX)} keepLines />
      </pre>
      {!all && text.length > SHOWN_MAX && (
        <Button small onClick={() => setAll(true)}>
          {t('detail.all', { count: text.length, shown: formatCount(text.length) })}
        </Button>
      )}
    </>
  );
}

function Fields({ event, actions }: { event: Event; actions: DetailActions }) {
  const { t } = useTranslation('search');
  const { fields, cut: wasCut } = useMemo(() => flatten(event), [event]);
  return (
    <>
      <table className={classes.fields}>
        <tbody>
          {fields.map(({ name, value }) => (
            <FieldRow key={name} name={name} value={value} actions={actions} />
          ))}
        </tbody>
      </table>
      {wasCut && <p>{t('detail.cut')}</p>}
    </>
  );
}

interface FieldProps {
  name: string;
  value: Json;
  actions: DetailActions;
}

/** Filtering by a list means its first element; the others have facets. */
function FieldActions({ name, value, actions }: FieldProps) {
  const { t } = useTranslation('search');
  const [leaf] = leavesOf(value);
  const field = safeString(name);
  const words = { field, value: safeString(cut(textOf(value), 60)) };
  return (
    <td className={classes.actions}>
      {leaf !== undefined && (
        <>
          <IconButton
            icon="include"
            small
            label={t('filter.in', words)}
            onClick={() => actions.filter({ field: name, value: leaf, negate: false })}
          />
          <IconButton
            icon="exclude"
            small
            label={t('filter.out', words)}
            onClick={() => actions.filter({ field: name, value: leaf, negate: true })}
          />
        </>
      )}
      <IconButton
        icon="column"
        small
        label={t('detail.column', { field })}
        onClick={() => actions.toggleColumn(name)}
      />
      <Copy icon="copy" text={() => textOf(value)} label={t('detail.copy.value', { field })} />
    </td>
  );
}

const VALUE_MAX = 3000;

function FieldRow(props: FieldProps) {
  const { t } = useTranslation('search');
  const [all, setAll] = useState(false);
  const text = useMemo(() => textOf(props.value), [props.value]);
  const long = text.length > VALUE_MAX && !all;
  return (
    <tr>
      <th scope="row">
        <SafeText text={props.name} />
      </th>
      <FieldActions {...props} />
      <td className={classes.value}>
        <SafeText text={cut(text, all ? SHOWN_MAX : VALUE_MAX)} keepLines />
        {long && (
          <Button small onClick={() => setAll(true)}>
            {t('detail.all', { count: text.length, shown: formatCount(text.length) })}
          </Button>
        )}
      </td>
    </tr>
  );
}
