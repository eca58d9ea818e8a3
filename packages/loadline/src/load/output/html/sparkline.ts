import { formatDuration, html, type Markup } from '../../../base/index.ts';
import { linePath, type Point } from '../../../base/page/index.ts';
import { Histogram } from '../../../metrics/index.ts';
import type { ReportRow, TimelineRow } from '../../report-row.ts';
import { wasAnswered } from '../figures.ts';
import { decodeHistogram } from './distribution.ts';

/** More would be finer than the pixels of so small a drawing. */
const pointsMax = 60;

/**
 * A row's p95 over the time of the run, with red ticks where there were errors. Seconds that share a point are merged as
 * histograms, because percentiles can't be averaged. Pure.
 *
 * @throws LoadlineError METRICS_WIRE_INVALID where a histogram of the report is none.
 */
export function sparkline(row: ReportRow): Markup {
  const groups = inGroups(row.timeline);
  const values = groups.map((rows) => (wasAnswered(row) ? p95Of(rows) : undefined));
  const measured = values.filter((value) => value !== undefined);
  if (measured.length === 0) return html`–`;
  const top = Math.max(...measured);
  const place = (at: number): number => (at + 0.5) / groups.length;
  const path = linePath(
    values.map((value, at): Point | undefined =>
      value === undefined ? undefined : [place(at), (0.92 * value) / (top || 1) + 0.04],
    ),
  );
  const ticks = groups.flatMap((rows, at) =>
    rows.some(({ errors }) => errors > 0) ? [`M${Math.round(place(at) * 120)} 25v3`] : [],
  );
  const words = `p95 from ${formatDuration(Math.min(...measured))} to ${formatDuration(top)}`;
  return html`<svg class="spark" width="120" height="28" role="img" aria-label="${words}"><title>${words}</title><svg viewBox="0 0 10000 1000" preserveAspectRatio="none" width="120" height="24"><path class="line middle" d="${path}"/></svg>${ticks.length === 0 ? undefined : html`<path class="ticks" d="${ticks.join('')}"/>`}</svg>`;
}

function inGroups(timeline: readonly TimelineRow[]): TimelineRow[][] {
  const size = Math.max(1, Math.ceil(timeline.length / pointsMax));
  return Array.from({ length: Math.ceil(timeline.length / size) }, (_, at) =>
    timeline.slice(at * size, (at + 1) * size),
  );
}

function p95Of(rows: readonly TimelineRow[]): number | undefined {
  const [only, ...more] = rows;
  if (more.length === 0) return only?.latencyMs?.p95;
  const merged = new Histogram();
  for (const row of rows) merged.merge(decodeHistogram(row.latencyHistogram));
  return merged.count === 0 ? undefined : merged.quantile(0.95) / 1000;
}
