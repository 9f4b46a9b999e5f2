import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { Span } from '@/lib/range';
import { SEVERITIES } from '@/lib/severity';
import { STACK, type Stacked } from '@/lib/stack';
import { formatClock, formatMinute, type Zone } from '@/lib/time';

export const PLOT_HEIGHT = 92;

export interface PlotOptions {
  parent: HTMLElement;
  span: Span;
  zone: Zone;
  intervalMs: number;
  zoom(span: Span): void;
  zoomOut(): void;
  /** The bar under the cursor and where it is, in pixels of the parent. */
  hover(bar: { at: number; left: number } | undefined): void;
}

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

const DAY_S = 86_400;

/** Hours and minutes; the day where one begins, or on all when the bars are days. */
function labels(zone: Zone) {
  return (_: uPlot, splits: number[]) => {
    const step = (splits[1] ?? 0) - (splits[0] ?? 0);
    return splits.map((second, index) => {
      const text = formatMinute(second * 1000, zone);
      if (step >= DAY_S) return text.slice(5, 10);
      if (index === 0 || text.slice(11, 16) === '00:00') return text.slice(5, 16);
      return step < 60 ? formatClock(second * 1000, zone) : text.slice(11, 16);
    });
  };
}

function axes(zone: Zone): uPlot.Axis[] {
  const common = {
    stroke: colour('--text-3'),
    font: `11px ${colour('--font-text') || 'sans-serif'}`,
    ticks: { show: false },
  };
  return [
    { ...common, size: 18, gap: 4, space: 90, grid: { show: false }, values: labels(zone) },
    {
      ...common,
      size: 44,
      gap: 6,
      space: 30,
      grid: { stroke: colour('--line'), width: 1 },
      values: (_: uPlot, splits: number[]) => splits.map((n) => short(n)),
    },
  ];
}

function short(n: number): string {
  if (!Number.isInteger(n)) return '';
  if (n >= 1e6) return `${n / 1e6}M`;
  return n >= 1e4 ? `${n / 1e3}k` : String(n);
}

/** From the tallest layer to the lowest, so that each is drawn over the one it stands on. */
function series(): uPlot.Series[] {
  const bars = uPlot.paths.bars?.({ size: [0.86, 60, 1], align: 1 });
  const layers = STACK.toReversed().map((severity) => {
    const fill = colour(`--sev-${SEVERITIES[severity]}`);
    return { fill, stroke: fill, width: 0, paths: bars, points: { show: false } };
  });
  return [{}, ...layers];
}

/** The chart of events over time. It shows what it is told and says what is done with it. */
export class Plot {
  private readonly chart: uPlot;
  private span: Span;
  private hovered: number | undefined;

  constructor(private readonly options: PlotOptions) {
    this.span = options.span;
    const { parent } = options;
    this.chart = new uPlot(
      {
        width: parent.clientWidth,
        height: PLOT_HEIGHT,
        padding: [6, 14, 0, 0],
        legend: { show: false },
        cursor: {
          y: false,
          points: { show: false },
          drag: { x: true, y: false, setScale: false },
          bind: { dblclick: () => () => options.zoomOut() as never },
        },
        hooks: {
          setSelect: [() => this.select()],
          setCursor: [() => this.cursor()],
        },
        scales: {
          x: { range: () => [this.span.from / 1000, this.span.to / 1000] },
          y: { range: (_, __, max) => [0, Math.max(1, max)] },
        },
        axes: axes(options.zone),
        series: series(),
      },
      [[], ...STACK.map(() => [])],
      parent,
    );
  }

  show(stacked: Stacked, span: Span): void {
    this.span = span;
    this.chart.setData([stacked.x, ...stacked.tops.toReversed()]);
  }

  resize(width: number): void {
    if (width > 0 && width !== this.chart.width) this.chart.setSize({ width, height: PLOT_HEIGHT });
  }

  destroy(): void {
    this.chart.destroy();
  }

  private select(): void {
    const { left, width } = this.chart.select;
    if (width < 3) return;
    const from = Math.round(this.chart.posToVal(left, 'x') * 1000);
    const to = Math.round(this.chart.posToVal(left + width, 'x') * 1000);
    this.chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    if (to > from) this.options.zoom({ from, to });
  }

  private cursor(): void {
    const { left = -1 } = this.chart.cursor;
    const { intervalMs } = this.options;
    const second = left < 0 ? undefined : this.chart.posToVal(left, 'x');
    const at =
      second === undefined ? undefined : Math.floor((second * 1000) / intervalMs) * intervalMs;
    if (at === this.hovered && at === undefined) return;
    this.hovered = at;
    const offset = this.chart.over.offsetLeft;
    this.options.hover(at === undefined ? undefined : { at, left: offset + left });
  }
}
