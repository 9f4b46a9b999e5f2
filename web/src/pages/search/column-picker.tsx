import { Popover } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { matchesWords } from '@/lib/match';
import type { Span } from '@/lib/range';
import { Button } from '@/parts/button';
import { SafeText } from '@/parts/safe-text';
import { fieldsQuery } from './queries';
import { useColumnName } from './table-header';
import classes from './toolbar.module.css';
import { STANDARD_COLUMNS, type View } from './use-view';

interface Props {
  view: View;
  span: Span;
}

export function ColumnPicker(props: Props) {
  const { t } = useTranslation('search');
  const [opened, setOpened] = useState(false);
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" trapFocus returnFocus>
      <Popover.Target>
        <Button small look="quiet" onClick={() => setOpened(!opened)}>
          {t('toolbar.columns')}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={t('toolbar.columns')}>
        <Choice {...props} />
      </Popover.Dropdown>
    </Popover>
  );
}

const SHOWN_MAX = 100;

function Choice({ view, span }: Props) {
  const { t } = useTranslation('search');
  const [typed, setTyped] = useState('');
  const { data } = useQuery(fieldsQuery(view.q, span));
  const name = useColumnName();
  const known = (data?.fields ?? []).map((field) => field.name);
  const names = [...new Set([...view.columns, ...STANDARD_COLUMNS, ...known])]
    .filter((column) => column !== '@timestamp' && matchesWords(typed, column))
    .slice(0, SHOWN_MAX);
  return (
    <div className={classes.picker}>
      <input
        type="search"
        placeholder={t('column.add')}
        aria-label={t('column.add')}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
        data-autofocus
      />
      <ul>
        {names.map((column) => (
          <li key={column}>
            <label>
              <input
                type="checkbox"
                checked={view.columns.includes(column)}
                disabled={view.columns.length === 1 && view.columns.includes(column)}
                onChange={() => view.toggleColumn(column)}
              />
              <SafeText text={name(column)} />
            </label>
          </li>
        ))}
      </ul>
      <Button small onClick={() => view.setColumns(STANDARD_COLUMNS)}>
        {t('column.reset')}
      </Button>
    </div>
  );
}
