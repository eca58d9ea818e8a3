import { formatDuration } from '../../base/index.ts';
import {
  type AssumedFact,
  type SimulatedService,
  type SimulationReport,
  type SimulationResult,
  type TriedPolicy,
  tellLeftOut,
} from '../../scaling/simulate/index.ts';
import { drawChart } from './chart.ts';
import { printable, wrapLine } from './lines.ts';
import { type Column, drawTable } from './table.ts';
import type { Format, Style } from './terminal.ts';

interface Screen {
  readonly width: number;
  readonly style: Style;
}

/** What policies would have made of a trace, as people read it on a terminal. Pure. */
export function drawSimulation(told: SimulationReport, { width, style }: Screen): string {
  const screen = { width: width - 2, style };
  const drawn = curve(told, screen);
  const sections = [heading(told, style), table(told, screen), drawn, notes(told, drawn.length > 0, style)];
  return `\n${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.flatMap((line) => wrapLine(`  ${line}`, width)).join('\n'))
    .join('\n\n')}\n\n`;
}

function heading({ trace, service, tried }: SimulationReport, style: Style): string[] {
  const durationMs = trace.ratesPerSecond.length * trace.stepMs;
  const seen = trace.ratesPerSecond.filter((rate) => !Number.isNaN(rate));
  const mean = seen.reduce((sum, rate) => sum + rate, 0) / Math.max(1, seen.length);
  const most = seen.reduce((highest, rate) => Math.max(highest, rate), 0);
  const from = new Date(trace.startMs).toISOString().slice(0, 16).replace('T', ' ');
  const { quantile, latencyMs } = service.target;
  const policies = new Set(tried.map(({ policy }) => policy)).size;
  return [
    `${style('bold', printable(trace.name))}  ${formatDuration(durationMs)} from ${from} UTC, a value every ${formatDuration(trace.stepMs)}`,
    `${showNumber(mean)} requests/s on average, ${showNumber(most)} at most; ${policies} ${policies === 1 ? 'policy' : 'policies'}`,
    style(
      'dim',
      `target: p${Number((quantile * 100).toFixed(1))} within ${formatDuration(latencyMs)}; ${formatDuration(service.serviceMs)} a request, ${service.concurrency} at once, ready after ${formatDuration(service.startMs)}`,
    ),
  ];
}

/** From the worst to a target that was never missed. */
function formatOf({ violatedRatio }: SimulationResult): Format | undefined {
  if (violatedRatio > 0.01) return 'red';
  return violatedRatio > 0.001 ? 'yellow' : undefined;
}

function table({ tried, price }: SimulationReport, { width, style }: Screen): string[] {
  const right = (
    title: string,
    importance: number,
    text: (result: SimulationResult) => string,
  ): Column<TriedPolicy> => ({
    title,
    align: 'right',
    importance,
    text: ({ result }) => text(result),
  });
  const columns: Column<TriedPolicy>[] = [
    { title: 'policy', align: 'left', importance: 0, text: nameOf, sizeMax: 36 },
    right('target missed', 1, ({ violatedRatio }) => percent(violatedRatio)),
    right('instance hours', 2, ({ instanceHours }) => showNumber(instanceHours)),
    ...(price === undefined
      ? []
      : [right('cost', 3, ({ instanceHours }) => showNumber(instanceHours * price))]),
    right('requests in it', 6, ({ violatedRequestRatio }) => percent(violatedRequestRatio)),
    right('lost', 5, ({ lostRequestRatio }) => percent(lostRequestRatio)),
    right(
      'instances',
      4,
      ({ instancesMean, instancesMax }) => `${showNumber(instancesMean)} / ${instancesMax}`,
    ),
    right('busy', 7, ({ busyRatio }) => percent(busyRatio)),
    right('steps up', 8, ({ scaleOuts }) => String(scaleOuts)),
    right('down', 9, ({ scaleIns }) => String(scaleIns)),
  ];
  const [title = '', ...lines] = drawTable(columns, tried, width);
  return [
    style('dim', title),
    ...lines.map((line, at) => {
      const format = formatOf((tried[at] as TriedPolicy).result);
      return format === undefined ? line : style(format, line);
    }),
  ];
}

function nameOf({ policy, generosity }: TriedPolicy): string {
  return generosity === 1 ? policy : `${policy} × ${generosity}`;
}

const marks = ['●', '○', '▲', '△', '■', '□', '◆', '◇'];
const formats: readonly Format[] = ['cyan', 'yellow', 'green', 'red'];

/** What collapses would press all others to the ground. */
const drawnMax = 0.2;

/** How often the target is missed, by instance hours: what is further left and lower is better. */
function curve({ tried }: SimulationReport, screen: Screen): string[] {
  const drawable = tried.filter(({ result }) => result.violatedRatio <= drawnMax);
  const hours = new Set(drawable.map(({ result }) => result.instanceHours.toPrecision(4)));
  const isMissed = drawable.some(({ result }) => result.violatedRatio > 0);
  if (hours.size < 2 || !isMissed) return [];
  const policies = [...new Set(tried.map(({ policy }) => policy))];
  const lookOf = (policy: string): readonly [mark: string, format: Format] => {
    const at = policies.indexOf(policy);
    return [marks[at % marks.length] as string, formats[at % formats.length] as Format];
  };
  const points = drawable.map(({ policy, result }) => {
    const [mark, format] = lookOf(policy);
    return { x: Math.max(1e-9, result.instanceHours), y: result.violatedRatio, mark, format };
  });
  const [from, to] = [Math.min(...points.map(({ x }) => x)), Math.max(...points.map(({ x }) => x))].map(
    showNumber,
  );
  const chart = { points, line: undefined, showX: showNumber, showY: percent };
  const legend = policies.map(
    (policy) => `${screen.style(lookOf(policy)[1], lookOf(policy)[0])} ${printable(policy)}`,
  );
  return [
    screen.style('dim', `target missed, by instance hours from ${from} to ${to}: left and low is better`),
    ...drawChart(chart, screen),
    legend.join('  '),
  ];
}

const assumptions: Readonly<Record<AssumedFact, (service: SimulatedService) => string>> = {
  serviceMs: ({ serviceMs }) => `${formatDuration(serviceMs)} a request (--service)`,
  concurrency: ({ concurrency }) => `${concurrency} at once (--concurrency)`,
  startMs: ({ startMs }) => `ready after ${formatDuration(startMs)} (--start)`,
};

function notes(report: SimulationReport, isCurveDrawn: boolean, style: Style): string[] {
  const { tried, trace, service, assumed, leftOut, unmodelled } = report;
  const gaps = trace.ratesPerSecond.filter(Number.isNaN).length;
  const isSwept = leftOut.length > 0 || tried.some(({ generosity }) => generosity !== 1);
  return [
    ...(assumed.length === 0
      ? []
      : [
          style(
            'yellow',
            `Assumed, as nothing was said of it: ${assumed.map((fact) => assumptions[fact](service)).join(', ')}.`,
          ),
        ]),
    ...(gaps === 0
      ? []
      : [
          style(
            'yellow',
            `${gaps} of ${trace.ratesPerSecond.length} values are missing: what came before went on, unseen.`,
          ),
        ]),
    ...(unmodelled.length === 0
      ? []
      : [
          style(
            'yellow',
            `Not modelled, and so not seen by the policies: ${unmodelled.map(printable).join(', ')}.`,
          ),
        ]),
    ...tellLeftOut(leftOut).map((line) => style('dim', printable(line))),
    ...(isCurveDrawn && tried.some(({ result }) => result.violatedRatio > drawnMax)
      ? [style('dim', `Not drawn: what missed it more than ${100 * drawnMax} % of the time.`)]
      : []),
    ...(!isSwept && tried.every(({ result }) => result.violatedRatio === 0)
      ? ['The target was never missed: fewer instances might do. --sweep shows how many.']
      : []),
  ];
}

function percent(ratio: number): string {
  if (ratio === 0) return '0 %';
  return ratio < 0.0001 ? '< 0.01 %' : `${(100 * ratio).toFixed(2)} %`;
}

function showNumber(value: number): string {
  return numbers.format(Number(value.toPrecision(value >= 1000 ? 4 : 3)));
}

const numbers = new Intl.NumberFormat('en-US', { maximumFractionDigits: 2 });
