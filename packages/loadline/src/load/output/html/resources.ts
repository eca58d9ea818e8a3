import { formatCount, html, type Markup } from '../../../base/index.ts';
import {
  type Chart,
  drawChart,
  formatValue,
  linearScale,
  type Scale,
  type Series,
  type Tone,
} from '../../../base/page/index.ts';
import type { LoadReport } from '../../report.ts';
import { overloadedSpans } from './timelines.ts';

/** More would bury the page; the JSON report has them all. */
const chartsMax = 24;
const tones: readonly Tone[] = ['middle', 'good', 'high', 'calm', 'other', 'low'];

/** What was seen of the target, on the time axis of the run: a chart for what has one source and one unit. Pure. */
export function resourceCharts(report: LoadReport, x: Scale): Chart[] {
  const { resources } = report;
  const spans = overloadedSpans(report);
  const groups = new Map<string, LoadReport['resources'][number][]>();
  for (const resource of resources) {
    const key = JSON.stringify([resource.source, resource.unit]);
    groups.set(key, [...(groups.get(key) ?? []), resource]);
  }
  return [...groups.values()].slice(0, chartsMax).map((group, at) => {
    const unit = group[0]?.unit ?? 'count';
    const series = group.map(
      ({ name, points }, place): Series => ({
        name,
        tone: tones[(at + place) % tones.length] as Tone,
        unit,
        shape: 'line',
        spans: points.map(([elapsedMs]) => ({ from: elapsedMs, to: elapsedMs })),
        values: points.map(([, value]) => value),
        summary: meanOf(points, unit),
      }),
    );
    const top = series
      .flatMap(({ values }) => values)
      .reduce<number>((max, value) => Math.max(max, value ?? 0), 0);
    return {
      id: `resource${at}`,
      title: group[0]?.source ?? '',
      heightPx: 110,
      x,
      xUnit: 'elapsed',
      y: linearScale(top, 3),
      yUnit: unit,
      series,
      spans,
    };
  });
}

export function resourcesSection(
  { resources, unseen }: LoadReport,
  charts: readonly Chart[],
): Markup | undefined {
  if (charts.length + unseen.length === 0) return undefined;
  const shown = charts.reduce((sum, { series }) => sum + series.length, 0);
  return html`<section><h2>Resources of the target</h2><div class="pairs">${charts.map(drawChart)}</div>${
    shown < resources.length
      ? html`<p class="note">${formatCount(resources.length - shown)} more are in the JSON report.</p>`
      : undefined
  }${unseen.length === 0 ? undefined : html`<p class="note">Not everything was seen. ${unseen.join('. ')}.</p>`}</section>`;
}

function meanOf(points: LoadReport['resources'][number]['points'], unit: string): string {
  const sum = points.reduce((total, [, value]) => total + value, 0);
  return points.length === 0 ? '' : `mean ${formatValue(sum / points.length, unit)}`;
}
