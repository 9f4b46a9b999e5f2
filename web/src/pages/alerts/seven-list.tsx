import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { AlertDetail, Event } from '@/api/types';
import { fieldOf } from '@/lib/event';
import { filterText } from '@/lib/query';
import { cut, safeString } from '@/lib/safe-text';
import { SafeText } from '@/parts/safe-text';
import { Time } from '@/parts/time';
import classes from './detail.module.css';
import { Part } from './part';
import { filter, storyRange } from './search-link';

/** Where each of the seven may come from; the field whose value it is leads into Search. */
const SOURCES = {
  who: ['user.name', 'process.name'],
  what: ['rule.name', 'event.action'],
  on: [
    'process.command_line',
    'file.path',
    'user.target.name',
    'group.name',
    'user.effective.name',
    'process.name',
    'destination.domain',
    'destination.ip',
  ],
  where: ['host.name'],
  from: ['source.ip'],
  to: ['destination.ip'],
} as const;

function fieldWith(event: Event, names: readonly string[], value: string): string | undefined {
  return names.find((name) => fieldOf(event, name) === value);
}

/** The seven W's one by one; what is unknown is left out. */
export function SevenList({ detail }: { detail: AlertDetail }) {
  const { t } = useTranslation('alerts');
  const { alert, seven } = detail;
  const rows = [
    ['who', seven.who],
    ['what', seven.what],
    ['on', seven.on_what],
    ['when', seven.when],
    ['where', seven.where],
    ['from', seven.from_where],
    ['to', seven.to_where],
  ] as const;
  return (
    <Part title={t('seven.title')}>
      <dl className={classes.facts}>
        {rows.map(([name, value]) =>
          value ? (
            <div key={name}>
              <dt>{t(`seven.${name}`)}</dt>
              <dd>
                {name === 'when' ? (
                  <Time at={value} precision="milli" />
                ) : (
                  <Value
                    value={value}
                    field={fieldWith(alert.event ?? {}, SOURCES[name], value)}
                    range={storyRange(alert.first, alert.last)}
                  />
                )}
              </dd>
            </div>
          ) : null,
        )}
      </dl>
    </Part>
  );
}

interface ValueProps {
  value: string;
  field: string | undefined;
  range: { from?: string; to?: string };
}

function Value({ value, field, range }: ValueProps) {
  const { t } = useTranslation('alerts');
  const text = <SafeText text={cut(value, 500)} />;
  if (!field) return text;
  const query = filterText(filter(field, value));
  return (
    <Link
      to="/search"
      search={{ q: query, ...range }}
      title={t('seven.find', { query: safeString(cut(query, 200)) })}
    >
      {text}
    </Link>
  );
}
