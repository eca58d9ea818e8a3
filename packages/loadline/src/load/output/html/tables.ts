import {
  formatCount,
  formatDuration,
  formatRate,
  formatRatio,
  html,
  type Markup,
} from '../../../base/index.ts';
import { sortableTable, type TableColumn } from '../../../base/page/index.ts';
import type { LatencySummary, ReportRow } from '../../report-row.ts';
import { answeredLatency, answeredService } from '../figures.ts';
import { sparkline } from './sparkline.ts';

/** Rows of a report as a table that the page's script sorts by any column. */
export function rowsSection(
  title: string,
  rows: readonly ReportRow[],
  total: ReportRow | undefined,
): Markup | undefined {
  if (rows.length === 0) return undefined;
  return html`<section><h2>${title}</h2>${sortableTable(columns, rows, total)}</section>`;
}

const columns: readonly TableColumn<ReportRow>[] = [
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

function duration(
  title: string,
  value: (row: ReportRow) => LatencySummary['p95'] | undefined,
): TableColumn<ReportRow> {
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
