import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import uPlot from 'uplot';
import { useScheme } from '@/app/scheme';
import { useSettings } from '@/app/settings';
import type { Lines } from '@/lib/series';
import { formatMinute } from '@/lib/time';
import { SafeText } from '@/parts/safe-text';
import classes from './table-panel.module.css';

const HEIGHT = 180;
const COLOURS = ['info', 'warning', 'emergency', 'error', 'critical', 'debug'];

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Values over time. */
export function LineChart({ lines }: { lines: Lines }) {
  const { t } = useTranslation('search');
  const { zone } = useSettings();
  const scheme = useScheme();
  const parent = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours are read anew with the scheme
  useEffect(() => {
    const { current } = parent;
    if (!current) return;
    const axis = {
      stroke: colour('--text-3'),
      font: `11px ${colour('--font-text') || 'sans-serif'}`,
      ticks: { show: false },
    };
    const clock = (_: uPlot, splits: number[]) =>
      splits.map((second) => formatMinute(second * 1000, zone).slice(5, 16));
    const chart = new uPlot(
      {
        width: current.clientWidth,
        height: HEIGHT,
        padding: [10, 14, 0, 0],
        legend: { show: false },
        cursor: { show: false },
        scales: { y: { range: (_, min, max) => [Math.min(0, min), Math.max(1, max)] } },
        axes: [
          { ...axis, space: 90, values: clock },
          { ...axis, size: 56, grid: { stroke: colour('--line'), width: 1 } },
        ],
        series: [
          {},
          ...lines.lines.map((_, at) => ({
            stroke: colour(`--sev-${COLOURS[at % COLOURS.length]}`),
            width: 2,
            points: { show: lines.x.length < 60 },
          })),
        ],
      },
      [lines.x, ...lines.lines.map(({ y }) => y)],
      current,
    );
    const observer = new ResizeObserver(([entry]) => {
      const width = entry?.contentRect.width ?? 0;
      if (width > 0 && width !== chart.width) chart.setSize({ width, height: HEIGHT });
    });
    observer.observe(current);
    return () => {
      observer.disconnect();
      chart.destroy();
    };
  }, [lines, zone, scheme]);
  return (
    <figure className={classes.chart}>
      <div ref={parent} className={classes.plot} role="img" aria-label={t('histogram')} />
      <figcaption>
        {lines.lines.map(({ name }, at) => (
          <span key={name}>
            <i style={{ background: `var(--sev-${COLOURS[at % COLOURS.length]})` }} />
            <SafeText text={name} />
          </span>
        ))}
      </figcaption>
    </figure>
  );
}
