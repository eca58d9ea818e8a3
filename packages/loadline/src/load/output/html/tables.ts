import { formatDuration, html, type Markup } from '../../../base/index.ts';
import type { LatencySummary, ReportRow } from '../../report-row.ts';
import { answeredLatency, answeredService, formatCount, formatRate, formatRatio } from '../figures.ts';
import { sparkline } from './sparkline.ts';

/** Rows of a report as a table that the page's script sorts by any column. */
export function rowsSection(
  title: string,
  rows: readonly ReportRow[],
  total: ReportRow | undefined,
): Markup | undefined {
  if (rows.length === 0) return undefined;
  return html`<section><h2>${title}</h2><div class="scroll"><table class="sortable"><thead><tr>${columns.map(
    ({ title: name, isNumber }) =>
      html`<th${isNumber ? html` class="number"` : undefined} aria-sort="none"><button type="button">${name}</button></th>`,
  )}</tr></thead><tbody>${rows.map(rowOf)}</tbody>${
    total === undefined ? undefined : html`<tfoot>${rowOf(total)}</tfoot>`
  }</table></div></section>`;
}

interface Column {
  readonly title: string;
  readonly isNumber: boolean;
  /** What the table is sorted by. */
  readonly value: (row: ReportRow) => number | string | undefined;
  readonly cell: (row: ReportRow) => Markup | string;
}

const columns: readonly Column[] = [
  { title: 'name', isNumber: false, value: (row) => row.name, cell: (row) => row.name },
  {
    title: 'p95 over time',
    isNumber: false,
    value: (row) => answeredLatency(row)?.p95,
    cell: sparkline,
  },
  {
    title: 'requests',
    isNumber: true,
    value: (row) => row.requests,
    cell: (row) => formatCount(row.requests),
  },
  {
    title: 'rate',
    isNumber: true,
    value: (row) => row.ratePerSecond,
    cell: (row) => formatRate(row.ratePerSecond),
  },
  { title: 'errors', isNumber: true, value: (row) => row.errorRatio, cell: errorsCell },
  ...(['p50', 'p95', 'p99', 'max'] as const).map((of) => duration(of, (row) => answeredLatency(row)?.[of])),
  duration('service p95', (row) => answeredService(row)?.p95),
];

function duration(title: string, value: (row: ReportRow) => LatencySummary['p95'] | undefined): Column {
  return {
    title,
    isNumber: true,
    value,
    cell: (row) => {
      const found = value(row);
      return found === undefined ? '–' : formatDuration(found);
    },
  };
}

function errorsCell({ errors, errorRatio }: ReportRow): Markup | string {
  return errors === 0
    ? '0'
    : html`<b class="bad">${formatRatio(errorRatio)}</b> <small>${formatCount(errors)}</small>`;
}

function rowOf(row: ReportRow): Markup {
  return html`<tr>${columns.map(({ isNumber, value, cell }, at) =>
    at === 0
      ? html`<th scope="row" class="name" data-value="${value(row)}">${cell(row)}</th>`
      : html`<td${isNumber ? html` class="number"` : undefined} data-value="${value(row)}">${cell(row)}</td>`,
  )}</tr>`;
}
