import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo, useRef } from 'react';
import { foundQuery, rulesQuery } from '@/api/rules';
import { useSpan } from '@/app/time-range';
import { originCounts, rulesShown } from '@/lib/rules';
import { Failure } from '@/parts/states';
import { NoneFound, NoRules } from './no-rules';
import { Problems } from './problems';
import { RuleTable } from './rule-table';
import classes from './rules.module.css';
import { Toolbar } from './toolbar';
import { useView } from './use-view';

/** Rules whose files change are in use a second later. */
const EVERY_MS = 15_000;

/** What is looked for, what of it was found, and what cannot be looked for. */
export function RulesPage() {
  const view = useView();
  const span = useSpan();
  const page = useRef<HTMLDivElement>(null);
  const above = useRef<HTMLDivElement>(null);
  const query = useQuery({ ...rulesQuery, refetchInterval: view.refresh ? false : EVERY_MS });
  const counted = useQuery({ ...foundQuery(span), placeholderData: keepPreviousData });
  const { data, error } = query;
  const found = counted.data;
  const { filter, sort } = view;
  const rules = useMemo(
    () => data && rulesShown(data.rules, filter, sort, found),
    [data, filter, sort, found],
  );
  const counts = useMemo(() => data && originCounts(data.rules, filter), [data, filter]);
  const isEmpty = data?.rules.length === 0;
  return (
    <div className={classes.page} ref={page} aria-busy={!data}>
      <div ref={above}>
        {error && <Failure error={error} retry={() => void query.refetch()} />}
        {data && <Problems rules={data} />}
        {!isEmpty && (data || !error) && <Toolbar view={view} rules={data} counts={counts} />}
        {counted.error && <Failure error={counted.error} retry={() => void counted.refetch()} />}
      </div>
      {isEmpty && <NoRules />}
      {!isEmpty && (data || !error) && (
        <RuleTable
          rules={rules}
          found={counted.error ? undefined : found}
          view={view}
          page={page}
          above={above}
        />
      )}
      {!isEmpty && rules?.length === 0 && <NoneFound view={view} />}
    </div>
  );
}
