import { useQuery } from '@tanstack/react-query';
import { type CSSProperties, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Facet, Json } from '@/api/types';
import { setSettings, useSettings } from '@/app/settings';
import { leavesOf, textOf } from '@/lib/event';
import { formatCount, formatShort } from '@/lib/format';
import { matchesWords } from '@/lib/match';
import type { Filter } from '@/lib/query';
import type { Span } from '@/lib/range';
import { cut, safeString } from '@/lib/safe-text';
import { IconButton } from '@/parts/button';
import { Icon } from '@/parts/icon';
import { SafeText } from '@/parts/safe-text';
import { Failure } from '@/parts/states';
import classes from './facets.module.css';
import { facetsQuery, fieldsQuery } from './queries';

interface Props {
  q: string;
  span: Span;
  filter(filter: Filter): void;
  hide(): void;
}

export function Facets(props: Props) {
  const { t } = useTranslation('search');
  return (
    <aside className={classes.facets} aria-label={t('facets')}>
      <FindField {...props} />
      <FacetList {...props} />
    </aside>
  );
}

function FacetList({ q, span, filter }: Props) {
  const { t } = useTranslation('search');
  const { added } = useSettings();
  const chosen = useQuery(facetsQuery(q, span, []));
  const own = useQuery({ ...facetsQuery(q, span, added), enabled: added.length > 0 });
  if (chosen.error && !chosen.data) {
    return <Failure error={chosen.error} retry={() => void chosen.refetch()} />;
  }
  const shown = chosen.data?.facets ?? [];
  const extra = added.length ? (own.data?.facets ?? []) : [];
  const mine = extra.filter(({ field }) => added.includes(field));
  const rest = shown.filter(({ field }) => !added.includes(field));
  const total = chosen.data?.total ?? 0;
  const partial = chosen.data?.complete === false;
  return (
    <div className={classes.list} data-stale={chosen.isPlaceholderData}>
      {partial && (
        <p className={classes.note}>
          {t('facets.partial', { count: total, shown: formatCount(total) })}
        </p>
      )}
      {chosen.data && total === 0 && <p className={classes.note}>{t('facets.empty')}</p>}
      {mine.map((facet) => (
        <FacetPart key={facet.field} facet={facet} filter={filter} added />
      ))}
      {total > 0 &&
        rest.map((facet) => <FacetPart key={facet.field} facet={facet} filter={filter} />)}
    </div>
  );
}

interface FacetProps {
  facet: Facet;
  filter(filter: Filter): void;
  added?: boolean;
}

function toggled(list: string[], name: string): string[] {
  return list.includes(name) ? list.filter((other) => other !== name) : [...list, name];
}

function FacetPart({ facet, filter, added }: FacetProps) {
  const { t } = useTranslation('search');
  const settings = useSettings();
  const { field } = facet;
  const folded = settings.folded.includes(field);
  const name = safeString(field);
  const all = facet.values.reduce((sum, { count }) => sum + count, facet.missing + facet.other);
  return (
    <section className={classes.facet} data-folded={folded} aria-label={name}>
      <h3 className={classes.head}>
        <button
          type="button"
          className={classes.fold}
          aria-expanded={!folded}
          aria-label={t(folded ? 'facets.unfold' : 'facets.fold', { field: name })}
          title={name}
          onClick={() => setSettings({ folded: toggled(settings.folded, field) })}
        >
          <Icon name="chevron" />
          <SafeText text={field} />
        </button>
        {added && (
          <IconButton
            icon="close"
            small
            label={t('facets.remove', { field: name })}
            onClick={() => setSettings({ added: settings.added.filter((one) => one !== field) })}
          />
        )}
      </h3>
      {!folded && (
        <ul className={classes.values}>
          {facet.values.map(({ value, count }) => (
            <Value key={JSON.stringify(value)} {...{ field, value, count, all, filter }} />
          ))}
          {facet.other > 0 && <Rest label={t('facets.other')} count={facet.other} all={all} />}
          {facet.missing > 0 && (
            <Missing field={field} count={facet.missing} all={all} filter={filter} />
          )}
        </ul>
      )}
    </section>
  );
}

const share = (count: number, all: number) =>
  ({ '--share': all > 0 ? count / all : 0 }) as CSSProperties;

interface ValueProps {
  field: string;
  value: Json;
  count: number;
  all: number;
  filter(filter: Filter): void;
}

function Value({ field, value, count, all, filter }: ValueProps) {
  const { t } = useTranslation('search');
  const [leaf] = leavesOf(value);
  const text = cut(textOf(value), 200);
  const words = { field: safeString(field), value: safeString(text) };
  return (
    <li className={classes.value} style={share(count, all)}>
      <span className={classes.name} title={words.value}>
        <SafeText text={text} />
      </span>
      <span className={classes.count} title={formatCount(count)}>
        {formatShort(count)}
      </span>
      {leaf !== undefined && (
        <span className={classes.buttons}>
          <IconButton
            icon="include"
            small
            label={t('filter.in', words)}
            onClick={() => filter({ field, value: leaf, negate: false })}
          />
          <IconButton
            icon="exclude"
            small
            label={t('filter.out', words)}
            onClick={() => filter({ field, value: leaf, negate: true })}
          />
        </span>
      )}
    </li>
  );
}

function Rest({ label, count, all }: { label: string; count: number; all: number }) {
  return (
    <li className={classes.value} style={share(count, all)}>
      <span className={`${classes.name} ${classes.rest}`}>{label}</span>
      <span className={classes.count}>{formatShort(count)}</span>
    </li>
  );
}

function Missing({ field, count, all, filter }: Omit<ValueProps, 'value'>) {
  const { t } = useTranslation('search');
  const words = { field: safeString(field) };
  return (
    <li className={classes.value} style={share(count, all)}>
      <span className={`${classes.name} ${classes.rest}`}>{t('facets.missing')}</span>
      <span className={classes.count}>{formatShort(count)}</span>
      <span className={classes.buttons}>
        <IconButton
          icon="include"
          small
          label={t('filter.missing', words)}
          onClick={() => filter({ field, negate: true })}
        />
        <IconButton
          icon="exclude"
          small
          label={t('filter.exists', words)}
          onClick={() => filter({ field, negate: false })}
        />
      </span>
    </li>
  );
}

const FOUND_MAX = 60;

function FindField({ q, span, hide }: Props) {
  const { t } = useTranslation('search');
  const { added } = useSettings();
  const [typed, setTyped] = useState('');
  const { data, error } = useQuery({ ...fieldsQuery(q, span), enabled: typed !== '' });
  const found = typed
    ? (data?.fields ?? []).filter(({ name }) => matchesWords(typed, name)).slice(0, FOUND_MAX)
    : [];
  const choose = (field: string) => {
    setTyped('');
    if (!added.includes(field)) setSettings({ added: [field, ...added] });
  };
  return (
    <>
      <div className={classes.find}>
        <input
          type="search"
          placeholder={t('facets.find')}
          aria-label={t('facets.find')}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && found[0]) choose(found[0].name);
            if (event.key === 'Escape') setTyped('');
          }}
        />
        <IconButton icon="left" small label={t('facets.hide')} onClick={hide} />
      </div>
      {typed && error && <Failure error={error} />}
      {typed && data && found.length === 0 && <p className={classes.note}>{t('facets.none')}</p>}
      {found.length > 0 && (
        <ul className={classes.found}>
          {found.map(({ name, events }) => (
            <li key={name}>
              <button type="button" onClick={() => choose(name)}>
                <SafeText text={cut(name, 200)} />
                <small>{formatShort(events)}</small>
              </button>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
