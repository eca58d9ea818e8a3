import { formatDuration, formatRate, formatRatio } from '../../base/index.ts';
import { latencyMsAt, type ScalabilityFit, throughputAt } from '../../capacity/index.ts';
import type { LimitReport, ProbeRow } from '../../load/limit/index.ts';
import { drawChart } from './chart.ts';
import { type CurveRow, curveRows } from './limit-curve.ts';
import { printable, wrapLine } from './lines.ts';
import { type Column, drawTable } from './table.ts';
import type { Format, Style } from './terminal.ts';

interface Screen {
  readonly width: number;
  readonly style: Style;
}

/** A search for the limit as people read it on a terminal. Pure. */
export function summarizeLimit(report: LimitReport, curve: ScalabilityFit, screen: Screen): string {
  const { width, style } = screen;
  const indented = { width: width - 2, style };
  const sections = [
    heading(report, style),
    objectives(report, style),
    table(report, curve, indented),
    misses(report, style),
    chart(report, curve, indented),
    facts(curve, style),
  ];
  return `\n${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.flatMap((line) => wrapLine(`  ${line}`, width)).join('\n'))
    .join('\n\n')}\n\n`;
}

/** A run in a line, told when it has ended. Pure. */
export function probeLine(row: ProbeRow, number: number, style: Style): string {
  const [mark, format] = outcomeMarks[row.outcome];
  const p99 = row.latencyMs === undefined ? '' : `  p99 ${formatDuration(row.latencyMs.p99)}`;
  const why = row.reasons[0] === undefined ? '' : `  ${printable(row.reasons[0])}`;
  return `${String(number).padStart(3)}  ${row.purpose.padEnd(7)}  ${formatRate(row.ratePerSecond).padStart(9)}  ${style(format, `${mark} ${row.outcome}`)}${why === '' ? p99 : why}`;
}

const statusMarks: Readonly<Record<LimitReport['status'], readonly [mark: string, format: Format]>> = {
  found: ['✓', 'green'],
  above: ['?', 'yellow'],
  generator: ['!', 'red'],
  below: ['✗', 'red'],
  contradictory: ['?', 'yellow'],
  unsettled: ['?', 'yellow'],
  interrupted: ['■', 'yellow'],
};

const outcomeMarks: Readonly<Record<ProbeRow['outcome'], readonly [mark: string, format: Format]>> = {
  met: ['●', 'green'],
  missed: ['×', 'red'],
  invalid: ['!', 'yellow'],
  unjudged: ['–', 'dim'],
};

function heading(report: LimitReport, style: Style): string[] {
  const [mark, format] = statusMarks[report.status];
  const runs = `${report.probes.length} runs in ${formatDuration(report.elapsedMs)}`;
  return [
    `${style('bold', printable(report.name))} → ${report.target}, ${runs}`,
    `${style(format, mark)} ${printable(report.statement)}`,
  ];
}

function objectives({ objectives }: LimitReport, style: Style): string[] {
  const source = objectives.source === 'file' ? 'objectives' : 'objectives (the file has none)';
  return [
    style('dim', source),
    ...objectives.texts.map(printable),
    ...objectives.leftOut.map((text) =>
      style('dim', `left out, as the rate is what is searched: ${printable(text)}`),
    ),
  ];
}

/** By rate, so that the eye finds where it ends. */
function table(report: LimitReport, curve: ScalabilityFit, { width, style }: Screen): string[] {
  if (report.probes.length === 0) return [];
  const rows = report.probes
    .map((probe, number) => ({ probe, number }))
    .toSorted((a, b) => a.probe.ratePerSecond - b.probe.ratePerSecond || a.number - b.number);
  const [title, ...lines] = drawTable(columnsWith(curve), rows, width);
  return [
    style('dim', title ?? ''),
    ...lines.map((line, at) => {
      const outcome = rows[at]?.probe.outcome ?? 'met';
      return outcome === 'met' ? line : style(outcomeMarks[outcome][1], line);
    }),
  ];
}

interface TableRow {
  readonly probe: ProbeRow;
  readonly number: number;
}

function columnsWith(curve: ScalabilityFit): Column<TableRow>[] {
  const right = (
    title: string,
    importance: number,
    text: (probe: ProbeRow, number: number) => string | undefined,
  ): Column<TableRow> => ({
    title,
    align: 'right',
    importance,
    text: ({ probe, number }) => text(probe, number) ?? '–',
  });
  const duration = (durationMs: number | undefined): string | undefined =>
    durationMs === undefined ? undefined : formatDuration(durationMs);
  const fitted = (probe: ProbeRow): string | undefined =>
    curve.kind === 'fitted' && probe.outcome === 'met'
      ? duration(latencyMsAt(curve.law, probe.answeredPerSecond))
      : undefined;
  return [
    right('rate', 0, (probe) => formatRate(probe.ratePerSecond)),
    {
      title: 'outcome',
      align: 'left',
      importance: 1,
      text: ({ probe }) => `${outcomeMarks[probe.outcome][0]} ${probe.outcome}`,
    },
    { title: 'purpose', align: 'left', importance: 7, text: ({ probe }) => probe.purpose },
    right('run', 8, (_, number) => String(number)),
    right('answered', 3, (probe) => formatRate(probe.answeredPerSecond)),
    right('kept up', 6, (probe) =>
      probe.keptUpRatio === undefined ? undefined : formatRatio(probe.keptUpRatio),
    ),
    right('p50', 5, (probe) => duration(probe.latencyMs?.p50)),
    right('p99', 2, (probe) => duration(probe.latencyMs?.p99)),
    right('mean', 9, (probe) => duration(probe.latencyMs?.mean)),
    right('by the curve', 10, fitted),
    right('errors', 4, (probe) => formatRatio(probe.errorRatio)),
  ];
}

/** Why the lowest rates that missed did so: there the limit is. */
function misses({ probes }: LimitReport, style: Style): string[] {
  const missed = new Map(
    probes
      .filter((probe) => probe.outcome === 'missed')
      .toSorted((a, b) => a.ratePerSecond - b.ratePerSecond)
      .map((probe) => [probe.ratePerSecond, probe.reasons.join('; ')]),
  );
  const invalid = probes.filter((probe) => probe.outcome === 'invalid');
  const lines = [...missed]
    .slice(0, missesShown)
    .map(([rate, why]) => `${formatRate(rate)}: ${printable(why)}`);
  if (invalid.length > 0)
    lines.push(`invalid ${invalid.length} ×: ${printable(invalid[0]?.reasons[0] ?? '')}`);
  return lines.length === 0 ? [] : [style('dim', 'what stood in the way, from the lowest rate'), ...lines];
}

const missesShown = 3;

function chart(report: LimitReport, curve: ScalabilityFit, screen: Screen): string[] {
  const rows = curveRows(report);
  if (rows.length < 2) return [];
  const lines = drawChart(
    {
      points: rows.map(pointOf),
      line: curve.kind === 'fitted' ? (x) => throughputAt(curve.law, x) : undefined,
      showX: (x) => String(Number(x.toPrecision(2))),
      showY: formatRate,
    },
    screen,
  );
  const line = curve.kind === 'fitted' ? ', and the fitted curve' : '';
  return [screen.style('dim', `requests answered, by how many were under way at once${line}`), ...lines];
}

function pointOf({ probe, concurrency, ratePerSecond }: CurveRow) {
  const [mark, format] = outcomeMarks[probe.outcome];
  return { x: concurrency, y: ratePerSecond, mark, format };
}

function facts(curve: ScalabilityFit, style: Style): string[] {
  if (curve.kind === 'none') return curve.statements.map((statement) => style('yellow', statement));
  const { law, peak, intervals } = curve;
  const range = ({ low, high }: { low: number; high: number }): string => `${tiny(low)} to ${tiny(high)}`;
  const { low, high } = intervals.ceilingPerSecond;
  const most =
    high === undefined ? `at least ${formatRate(low)}` : `${formatRate(low)} to ${formatRate(high)}`;
  return [
    style('dim', "Gunther's scalability law, with 90 % intervals"),
    `one alone     ${formatRate(law.ratePerSecondAlone)}`,
    `contention σ  ${tiny(law.contention)} (${range(intervals.contention)})`,
    `coherency κ   ${tiny(law.coherency)} (${range(intervals.coherency)})`,
    `highest       ${peak === undefined ? most : `${formatRate(peak.ratePerSecond)} with ${Math.round(peak.concurrency)} under way (${most})`}`,
    ...curve.statements.map((statement) => style('yellow', statement)),
  ];
}

function tiny(value: number): string {
  return value < 1e-9 ? '0' : String(Number(value.toPrecision(2)));
}
