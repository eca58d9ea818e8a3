import {
  counted,
  formatBytes,
  formatCount,
  formatDuration,
  formatRate,
  formatRatio,
} from '../../base/index.ts';
import type { LoadReport, ReportRow, SessionCounts, Verdict } from '../../load/index.ts';
import { printable, wrapLine } from './lines.ts';
import { type Column, drawTable } from './table.ts';
import type { Format, Style } from './terminal.ts';

/** A report as people read it on a terminal. Pure. */
export function summarize(
  report: LoadReport,
  { width, style }: { readonly width: number; readonly style: Style },
): string {
  const sections = [
    heading(report, style),
    offered(report, style),
    endpoints(report, width, style),
    failures(report, style),
    thresholds(report, style),
    generator(report, style),
    workers(report, style),
  ];
  return `\n${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.flatMap((line) => wrapLine(`  ${line}`, width)).join('\n'))
    .join('\n\n')}\n\n`;
}

const marks: Readonly<Record<Verdict['status'], readonly [mark: string, format: Format, text: string]>> = {
  passed: ['✓', 'green', 'passed'],
  failed: ['✗', 'red', 'failed'],
  invalid: ['!', 'red', 'invalid: these numbers say nothing about the target'],
  inconclusive: ['?', 'yellow', 'inconclusive'],
  interrupted: ['■', 'yellow', 'interrupted'],
};

function heading(report: LoadReport, style: Style): string[] {
  const [mark, format, text] = marks[report.verdict.status];
  const length = formatDuration(report.activeMs);
  const planned =
    Math.abs(report.plannedMs - report.activeMs) > 500 ? ` of ${formatDuration(report.plannedMs)}` : '';
  return [
    `${style('bold', printable(report.name))} → ${report.target}, ${length}${planned}`,
    style(format, `${mark} ${text}`),
    ...report.verdict.reasons.map((reason) => `  ${printable(reason)}`),
  ];
}

function offered({ offered, iterations, total, sessions }: LoadReport, style: Style): string[] {
  const line = (label: string, text: string): string => `${style('dim', label.padEnd(11))}${text}`;
  const late = [
    ...(offered.dropped > 0 ? [`${formatCount(offered.dropped)} dropped, never started`] : []),
    ...(offered.waited > 0 ? [`${formatCount(offered.waited)} waited for a free user`] : []),
    ...(offered.unfinished > 0 ? [`${formatCount(offered.unfinished)} unanswered at the end`] : []),
    ...(offered.unreported > 0 ? [`${formatCount(offered.unreported)} lost with their worker`] : []),
  ];
  const cut = Object.entries(iterations.cutShortBecause).map(
    ([why, count]) => `${formatCount(count)} × ${printable(why)}`,
  );
  return [
    line('offered', `${counted(offered.requests, 'request')}, ${formatRate(offered.ratePerSecond)}`),
    line(
      'achieved',
      `${formatCount(offered.achieved)} answered as expected, ${formatRate(offered.achievedPerSecond)}`,
    ),
    ...late.map((text) => line('', style('yellow', text))),
    line('errors', `${formatCount(total.errors)} (${formatRatio(total.errorRatio)})`),
    ...(total.checks.passed + total.checks.failed > 0 ? [line('checks', checksText(total))] : []),
    line('iterations', iterationsText(iterations)),
    ...cut.slice(0, 5).map((text) => line('', style('yellow', `cut short: ${text}`))),
    line('traffic', `${formatBytes(total.bytesIn)} in, ${formatBytes(total.bytesOut)} out`),
    ...(sessions === undefined
      ? []
      : sessionLines(sessions).map((text, at) => line(at === 0 ? 'sessions' : '', text))),
  ];
}

function sessionLines({ messagesIn, bytesIn, messagesDropped, brokenIdle }: SessionCounts): string[] {
  return [
    `${counted(messagesIn, 'message')} came, ${formatBytes(bytesIn)}`,
    ...(messagesDropped > 0 ? [`${formatCount(messagesDropped)} dropped, waited for by nobody`] : []),
    ...(brokenIdle > 0 ? [`${counted(brokenIdle, 'session')} broke while nothing was waited for`] : []),
  ];
}

function checksText({ checks }: ReportRow): string {
  const failed = Object.entries(checks.failedByName).map(
    ([name, count]) => `${printable(name)} (${formatCount(count)})`,
  );
  const list = failed.length === 0 ? '' : `: ${failed.slice(0, 5).join(', ')}`;
  return `${formatCount(checks.passed)} passed, ${formatCount(checks.failed)} failed${list}`;
}

function iterationsText({ started, completed, cutShort, interrupted }: LoadReport['iterations']): string {
  const parts = [`${formatCount(completed)} completed of ${formatCount(started)}`];
  if (cutShort > 0) parts.push(`${formatCount(cutShort)} cut short`);
  if (interrupted > 0) parts.push(`${formatCount(interrupted)} under way when their time was over`);
  return parts.join(', ');
}

function endpoints(report: LoadReport, width: number, style: Style): string[] {
  if (report.total.requests === 0) return [];
  const rows = report.endpoints.length > 1 ? [...report.endpoints, report.total] : report.endpoints;
  const [title, ...lines] = drawTable(columns, rows, width - 2);
  return [
    style('dim', title ?? ''),
    ...lines.map((line, index) => (rows[index] === report.total ? style('bold', line) : line)),
  ];
}

const latency = (of: 'p50' | 'p90' | 'p95' | 'p99' | 'max') => (row: ReportRow) =>
  row.latencyMs === undefined || !wasAnswered(row) ? '–' : formatDuration(row.latencyMs[of]);

/** Of a target that only refused, it would look like a quick one. */
function wasAnswered(row: ReportRow): boolean {
  return Object.keys(row.statuses).length > 0 || row.requests > row.errors;
}

/** Latency counts from when a request was due; service time from when it was sent. */
const columns: readonly Column<ReportRow>[] = [
  { title: 'latency of', align: 'left', text: (row) => row.name, importance: 0 },
  { title: 'requests', align: 'right', text: (row) => formatCount(row.requests), importance: 4 },
  { title: 'rate', align: 'right', text: (row) => formatRate(row.ratePerSecond), importance: 6 },
  { title: 'p50', align: 'right', text: latency('p50'), importance: 2 },
  { title: 'p90', align: 'right', text: latency('p90'), importance: 8 },
  { title: 'p95', align: 'right', text: latency('p95'), importance: 1 },
  { title: 'p99', align: 'right', text: latency('p99'), importance: 3 },
  { title: 'max', align: 'right', text: latency('max'), importance: 7 },
  {
    title: 'service p95',
    align: 'right',
    text: (row) =>
      row.serviceMs === undefined || !wasAnswered(row) ? '–' : formatDuration(row.serviceMs.p95),
    importance: 9,
  },
  { title: 'errors', align: 'right', text: (row) => formatCount(row.errors), importance: 5 },
];

/** What went wrong, most frequent first: failures with an example, and unexpected statuses. */
function failures({ endpoints }: LoadReport, style: Style): string[] {
  const found = endpoints.flatMap((row) => [
    ...Object.entries(row.failures).map(([reason, { count, example }]) => ({
      row,
      count,
      what: `${reason}: ${example}`,
    })),
    ...(row.errors > failureCount(row)
      ? [{ row, count: row.errors - failureCount(row), what: `statuses ${statusesText(row)}` }]
      : []),
  ]);
  if (found.length === 0) return [];
  const lines = found.toSorted((a, b) => b.count - a.count).slice(0, 8);
  return [
    style('dim', 'errors'),
    ...lines.map(
      ({ row, count, what }) => `${style('red', formatCount(count))} × ${printable(`${row.name}: ${what}`)}`,
    ),
  ];
}

function failureCount(row: ReportRow): number {
  return Object.values(row.failures).reduce((sum, failure) => sum + failure.count, 0);
}

function statusesText(row: ReportRow): string {
  return Object.entries(row.statuses)
    .map(([status, count]) => `${status} (${formatCount(count)})`)
    .join(', ');
}

/** A run that was cut off, or that its generator held up, was not judged: it gets its figures without a mark. */
function thresholds({ thresholds: results, verdict: { status } }: LoadReport, style: Style): string[] {
  if (results.length === 0) return [];
  const isJudged = status !== 'interrupted' && status !== 'invalid';
  const width = Math.min(60, Math.max(...results.map((result) => result.text.length)));
  const lines = results.map(({ text, verdict, shown }) => {
    const marks = { passed: style('green', '✓'), failed: style('red', '✗'), 'no data': style('yellow', '?') };
    const mark = isJudged ? marks[verdict] : style('dim', '–');
    return `${mark} ${printable(text).padEnd(width)}  ${shown}`;
  });
  return [style('dim', isJudged ? 'thresholds' : 'thresholds, not judged'), ...lines];
}

function generator({ generator }: LoadReport, style: Style): string[] {
  const figures = [
    `event loop at most ${formatRatio(generator.loopUtilizationMax)} busy`,
    `CPU ${formatRatio(generator.cpuRatioMean)} of a core`,
    `${formatRatio(generator.lateStepRatio)} of steps began over 20 ms late`,
  ];
  const spans = generator.overloaded.map(
    ({ fromMs, toMs }) => `${formatDuration(fromMs)} to ${formatDuration(toMs)}`,
  );
  const when = spans.length === 0 ? [] : [style('yellow', `overloaded from ${spans.slice(0, 5).join(', ')}`)];
  // A run that was too short to watch has no figures, and zeros would read as a generator at ease.
  const wasWatched = generator.cpuRatioMean > 0;
  return [
    style('dim', 'generator'),
    generator.statement,
    ...(wasWatched ? [figures.join(', ')] : []),
    ...when,
  ];
}

/** Those who made the load, where they were several. How one was lost is among the reasons of the verdict. */
function workers({ workers: rows }: LoadReport, style: Style): string[] {
  if (rows.length === 0) return [];
  const names = rows.map(({ name, lost }) => {
    const loss = lost === undefined ? '' : style('yellow', ` (lost after ${formatDuration(lost.atMs)})`);
    return `${printable(name)}${loss}`;
  });
  return [style('dim', 'workers'), names.join(', ')];
}
