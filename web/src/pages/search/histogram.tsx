import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { isApiError } from '@/api/client';
import type { Histogram } from '@/api/types';
import { useScheme } from '@/app/scheme';
import { useSettings } from '@/app/settings';
import { useTimeRange } from '@/app/time-range';
import { formatCount, formatDuration } from '@/lib/format';
import type { Span } from '@/lib/range';
import { countsOf, stack } from '@/lib/stack';
import { formatSpan } from '@/lib/time';
import { Severity } from '@/parts/severity';
import { Failure } from '@/parts/states';
import classes from './histogram.module.css';
import type { Plot } from './plot';
import { histogramQuery } from './queries';

interface Props {
  q: string;
  span: Span;
}

interface Bar {
  at: number;
  left: number;
}

/** How many events a query has in a span; undefined until it is counted. */
export function useTotal(q: string, span: Span): number | undefined {
  const { data, isPlaceholderData } = useQuery(histogramQuery(q, span));
  if (!data || isPlaceholderData) return undefined;
  return data.buckets.reduce((sum, bucket) => sum + bucket.total, 0);
}

/**
 * Events over time by severity. Its height never changes, and the old bars stay until the new ones are
 * there. The keyboard zooms with the buttons of the time range, or `+` and `-`.
 */
export function EventHistogram({ q, span }: Props) {
  const { t } = useTranslation('search');
  const { zone } = useSettings();
  const { data, error, isPlaceholderData, refetch } = useQuery(histogramQuery(q, span));
  // The axis goes with the bars that are drawn, not with those that are on their way.
  const shown = useRef(span);
  if (!isPlaceholderData) shown.current = span;
  const [bar, setBar] = useState<Bar>();
  const total = data?.buckets.reduce((sum, bucket) => sum + bucket.total, 0);
  const said = t('histogram.said', {
    count: total ?? 0,
    shown: formatCount(total ?? 0),
    from: formatSpan(span.from, span.from, zone).split(' – ')[0],
    to: formatSpan(span.to, span.to, zone).split(' – ')[0],
  });
  return (
    <section className={classes.histogram} aria-label={t('histogram')}>
      <div className={classes.head}>
        {total !== undefined && !error && (
          <strong>{t('histogram.events', { count: total, shown: formatCount(total) })}</strong>
        )}
        <span>{formatSpan(shown.current.from, shown.current.to, zone)}</span>
        {data && (
          <span title={t('histogram.hint')}>
            {t('histogram.bar', { width: formatDuration(data.interval / 1e6) })}
          </span>
        )}
      </div>
      {error && isApiError(error, 'bad_query') ? (
        // It is told below the query; the chart keeps its place.
        <div className={classes.plot} />
      ) : error && !data ? (
        <div className={classes.fail}>
          <Failure error={error} retry={() => void refetch()} />
        </div>
      ) : (
        <Chart
          data={data}
          span={shown.current}
          stale={isPlaceholderData}
          said={said}
          hover={setBar}
        />
      )}
      {bar && data && <Tip bar={bar} data={data} />}
    </section>
  );
}

interface ChartProps {
  data: Histogram | undefined;
  span: Span;
  stale: boolean;
  said: string;
  hover(bar: Bar | undefined): void;
}

function Chart({ data, span, stale, said, hover }: ChartProps) {
  const { zone } = useSettings();
  const scheme = useScheme();
  const { setSpan, zoomOut } = useTimeRange();
  const parent = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot>(null);
  const intervalMs = (data?.interval ?? 60e9) / 1e6;
  const stacked = useMemo(
    () => stack(data?.buckets ?? [], intervalMs, span),
    [data, intervalMs, span],
  );
  const latest = useRef({ setSpan, zoomOut, hover, stacked, span });
  latest.current = { setSpan, zoomOut, hover, stacked, span };
  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours are read anew with the scheme
  useEffect(() => {
    const { current } = parent;
    if (!current) return;
    const observer = new ResizeObserver(([entry]) =>
      plot.current?.resize(entry?.contentRect.width ?? 0),
    );
    let isGone = false;
    // What draws comes while the numbers do.
    void import('./plot').then(({ Plot }) => {
      if (isGone) return;
      plot.current = new Plot({
        parent: current,
        span: latest.current.span,
        zone,
        intervalMs,
        zoom: (to) => latest.current.setSpan(to),
        zoomOut: () => latest.current.zoomOut(),
        hover: (bar) => latest.current.hover(bar),
      });
      plot.current.show(latest.current.stacked, latest.current.span);
      observer.observe(current);
    });
    return () => {
      isGone = true;
      observer.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [scheme, zone, intervalMs]);
  useEffect(() => plot.current?.show(stacked, span), [stacked, span]);
  return (
    <div ref={parent} className={classes.plot} data-stale={stale} role="img" aria-label={said} />
  );
}

const TIP_WIDTH = 190;

function Tip({ bar, data }: { bar: Bar; data: Histogram }) {
  const { t } = useTranslation('search');
  const { zone } = useSettings();
  const bucket = data.buckets.find((one) => Date.parse(one.start) === bar.at);
  const total = bucket?.total ?? 0;
  const left = bar.left + 28;
  const turned = left + TIP_WIDTH > window.innerWidth * 0.75;
  return (
    <div
      className={classes.tip}
      style={turned ? { left: bar.left - 4, transform: 'translateX(-100%)' } : { left }}
    >
      <div>{formatSpan(bar.at, bar.at + data.interval / 1e6, zone)}</div>
      <strong>{t('histogram.events', { count: total, shown: formatCount(total) })}</strong>
      <dl>
        {countsOf(bucket).map(({ level, count }) => (
          <div key={level} style={{ display: 'contents' }}>
            <dt>
              <Severity level={level} />
            </dt>
            <dd>{formatCount(count)}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
