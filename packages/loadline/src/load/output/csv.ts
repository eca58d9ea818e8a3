import type { LoadReport } from '../report.ts';
import type { LatencySummary, ReportRow, TimelineRow } from '../report-row.ts';

/**
 * The timelines of a run as CSV (RFC 4180): a line for each second, or longer in long runs, of the whole, of
 * every scenario and of every endpoint. Names that a spreadsheet would take for a formula begin with `'`. Pure.
 */
export function renderCsv(report: LoadReport): string {
  const users = new Map(report.users.map((row) => [row.startMs, row.users]));
  const startedAtMs = Date.parse(report.startedAt);
  const lines = rowsOf(report).flatMap(({ scope, row }) =>
    row.timeline.map((second) => [
      new Date(startedAtMs + second.startMs).toISOString(),
      scope,
      row.name,
      second.startMs,
      second.durationMs,
      second.requests,
      second.errors,
      scope === 'total' ? users.get(second.startMs) : undefined,
      ...latencies(second),
    ]),
  );
  return [header, ...lines].map((cells) => `${cells.map(cell).join(',')}\r\n`).join('');
}

const statistics = ['min', 'mean', 'p50', 'p90', 'p95', 'p99', 'p999', 'max'] as const;

/** Units stand in the names: `Ms` is milliseconds. */
const header = [
  'time',
  'scope',
  'name',
  'startMs',
  'durationMs',
  'requests',
  'errors',
  'users',
  ...statistics.map((statistic) => columnName('latencyMs', statistic)),
  ...statistics.map((statistic) => columnName('serviceMs', statistic)),
];

type Cell = string | number | undefined;

function columnName(measure: string, statistic: (typeof statistics)[number]): string {
  return `${measure}${statistic[0]?.toUpperCase()}${statistic.slice(1)}`;
}

function rowsOf(report: LoadReport): { scope: 'total' | 'scenario' | 'endpoint'; row: ReportRow }[] {
  return [
    { scope: 'total', row: report.total },
    ...report.scenarios.map((row) => ({ scope: 'scenario' as const, row })),
    ...report.endpoints.map((row) => ({ scope: 'endpoint' as const, row })),
  ];
}

function latencies({ latencyMs, serviceMs }: TimelineRow): Cell[] {
  const valuesOf = (summary: LatencySummary | undefined): Cell[] =>
    statistics.map((statistic) => summary?.[statistic]);
  return [...valuesOf(latencyMs), ...valuesOf(serviceMs)];
}

function cell(value: Cell): string {
  if (value === undefined) return '';
  if (typeof value === 'number') return String(Number(value.toFixed(3)));
  // OWASP, "CSV injection": a cell that begins so is run as a formula when the file is opened.
  const harmless = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
