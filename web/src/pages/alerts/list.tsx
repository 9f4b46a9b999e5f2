import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import type { AlertInfo } from '@/api/types';
import { Button } from '@/parts/button';
import { Skeleton } from '@/parts/skeleton';
import classes from './list.module.css';
import { Row } from './row';
import type { Selection } from './use-selection';

const PLACES = Array.from({ length: 12 }, (_, index) => `place ${index}`);

interface Props {
  alerts: AlertInfo[] | undefined;
  current: number | undefined;
  selection: Selection;
  more?: { load(): void; loading: boolean };
}

export function List({ alerts, current, selection, more }: Props) {
  const { t } = useTranslation('alerts');
  const list = useRef<HTMLUListElement>(null);
  // An address may name an alert before the list is there.
  const there = alerts !== undefined;
  useEffect(() => {
    if (current === undefined || !there) return;
    list.current?.querySelector(`[data-id="${current}"]`)?.scrollIntoView({ block: 'nearest' });
  }, [current, there]);
  return (
    <div className={classes.list}>
      <Head alerts={alerts} selection={selection} />
      <ul ref={list} className={classes.rows} aria-label={t('list')} aria-busy={!alerts}>
        {alerts
          ? alerts.map((alert) => (
              <Row
                key={alert.id}
                alert={alert}
                current={alert.id === current}
                selected={selection.ids.has(alert.id)}
                select={selection.toggle}
              />
            ))
          : PLACES.map((place) => <Place key={place} />)}
      </ul>
      {alerts && alerts.length > 0 && (
        <div className={classes.foot}>
          {more ? (
            <Button onClick={more.load} disabled={more.loading}>
              {t(more.loading ? 'older.loading' : 'older')}
            </Button>
          ) : (
            <span>{t('older.none')}</span>
          )}
        </div>
      )}
    </div>
  );
}

function Head({ alerts, selection }: Pick<Props, 'alerts' | 'selection'>) {
  const { t } = useTranslation('alerts');
  const shown = alerts ?? [];
  const all = shown.length > 0 && selection.ids.size === shown.length;
  return (
    <div className={classes.head}>
      <label className={classes.check}>
        <input
          type="checkbox"
          aria-label={t('select.all')}
          title={t('select.all')}
          checked={all}
          disabled={shown.length === 0}
          onChange={() => selection.set(all ? [] : shown.map((alert) => alert.id))}
        />
      </label>
      <div className={classes.link} aria-hidden="true">
        <span className={classes.level}>
          {t('column.level')}
          <span className={classes.score}>{t('column.score')}</span>
        </span>
        <span className={classes.text}>{t('column.story')}</span>
        <span className={classes.host}>{t('column.host')}</span>
        <span className={classes.user}>{t('column.user')}</span>
        <span className={classes.count}>{t('column.count')}</span>
        <span className={classes.first}>{t('column.first')}</span>
        <span className={classes.last}>{t('column.last')}</span>
      </div>
    </div>
  );
}

function Place() {
  return (
    <li className={classes.row}>
      <span className={classes.check} />
      <span className={classes.link}>
        <span className={classes.level}>
          <Skeleton width={48} />
        </span>
        <span className={classes.text}>
          <span className={classes.story}>
            <Skeleton width="60%" />
          </span>
          <span className={classes.rule}>
            <Skeleton width="30%" />
          </span>
        </span>
      </span>
    </li>
  );
}
