import { formatDuration, formatRate, formatRatio, html, type Markup } from '../../../base/index.ts';
import {
  drawChart,
  formatValue,
  pageHeader,
  renderPage,
  sortableTable,
  type TableColumn,
} from '../../../base/page/index.ts';
import { type AssumedFact, type SimulationReport, type TriedPolicy, tellLeftOut } from '../report.ts';
import { courseCharts, curveChart, drawnMax, highestRate } from './charts.ts';
import { stepsSection, stepsStyle } from './steps.ts';

/** More charts over time would bury the page; the table has all policies. */
const coursesMax = 12;

/** Policies that were tried on a trace as one HTML page that needs nothing else. Pure. */
export function renderSimulationHtml(report: SimulationReport): string {
  const asTheyAre = report.tried.filter(({ generosity }) => generosity === 1);
  const shown = asTheyAre.slice(0, coursesMax);
  const curve = curveChart(report);
  const courses = courseCharts(report, shown);
  const columns = columnsOf(report);
  const content = html`${heading(report)}
<section><h2>Policies</h2><p class="statement">${conclusion(asTheyAre)}</p>${sortableTable(columns, asTheyAre)}<p class="note">Requests in it are those that came while the target was missed; lost are those that gave up waiting.</p></section>
<section><h2>What it takes to miss less</h2>${curve === undefined ? undefined : drawChart(curve)}${curveNote(report)}${
    asTheyAre.length === report.tried.length
      ? undefined
      : html`<details><summary>All ${report.tried.length} that were tried</summary>${sortableTable(columns, report.tried)}</details>`
  }</section>
<section><h2>Over time</h2>${courses.map(drawChart)}<p class="note">${[
    'Grey is how many would be enough for the load, by the theory of queues; red is when the target was missed.',
    ...(asTheyAre.length > shown.length ? [`The table has ${asTheyAre.length - shown.length} more.`] : []),
  ].join(' ')}</p></section>
${stepsSection(shown)}
${assumptions(report)}`;
  return renderPage({
    title: `${report.trace.name}: ${asTheyAre.map(({ policy }) => policy).join(', ')}`,
    content,
    charts: [...(curve === undefined ? [] : [curve]), ...courses],
    style: stepsStyle,
  });
}

function heading({ trace }: SimulationReport): Markup {
  const { ratesPerSecond, stepMs, startMs, name } = trace;
  const seen = ratesPerSecond.filter((rate) => !Number.isNaN(rate));
  const mean = seen.reduce((sum, rate) => sum + rate, 0) / Math.max(1, seen.length);
  const from = new Date(startMs).toISOString().slice(0, 16).replace('T', ' ');
  return pageHeader(
    name,
    html`<b>${formatDuration(ratesPerSecond.length * stepMs)} from ${from} UTC</b><span>a value every ${formatDuration(stepMs)}</span><span>${formatRate(mean)} on average</span><span>${formatRate(highestRate(trace))} at most</span>`,
  );
}

/** Which of several is the better one, or what there is to choose between. */
function conclusion(tried: readonly TriedPolicy[]): string {
  const [first, ...others] = tried;
  if (first === undefined) return '';
  const cheapest = others.reduce((a, b) => (isCheaper(b, a) ? b : a), first);
  const safest = others.reduce((a, b) => (isSafer(b, a) ? b : a), first);
  const hours = formatValue(cheapest.result.instanceHours, 'instance hours');
  const missed = formatRatio(safest.result.violatedRatio);
  if (others.length === 0) return `${hours}; the target was missed ${missed} of the time.`;
  if (cheapest === safest)
    return `${cheapest.policy} is the better one in both: ${hours}, and the target missed ${missed} of the time.`;
  return `${cheapest.policy} takes the fewest instances: ${hours}. ${safest.policy} misses the target least: ${missed} of the time.`;
}

function isCheaper({ result: a }: TriedPolicy, { result: b }: TriedPolicy): boolean {
  return (
    a.instanceHours - b.instanceHours < 0 ||
    (a.instanceHours === b.instanceHours && a.violatedRatio < b.violatedRatio)
  );
}

function isSafer({ result: a }: TriedPolicy, { result: b }: TriedPolicy): boolean {
  return (
    a.violatedRatio < b.violatedRatio ||
    (a.violatedRatio === b.violatedRatio && a.instanceHours < b.instanceHours)
  );
}

function columnsOf({ price }: SimulationReport): TableColumn<TriedPolicy>[] {
  const number = (
    title: string,
    value: (result: TriedPolicy['result']) => number,
    show: (value: number) => string,
  ): TableColumn<TriedPolicy> => ({
    title,
    isNumber: true,
    value: ({ result }) => value(result),
    cell: ({ result }) => show(value(result)),
  });
  const count = (value: number): string => formatValue(value, 'count');
  return [
    { title: 'policy', isNumber: false, value: nameOf, cell: nameOf },
    {
      ...number('target missed', ({ violatedRatio }) => violatedRatio, formatRatio),
      cell: ({ result: { violatedRatio } }) =>
        violatedRatio > 0.01
          ? html`<b class="bad">${formatRatio(violatedRatio)}</b>`
          : formatRatio(violatedRatio),
    },
    number('instance hours', ({ instanceHours }) => instanceHours, count),
    ...(price === undefined ? [] : [number('cost', ({ instanceHours }) => instanceHours * price, count)]),
    number('requests in it', ({ violatedRequestRatio }) => violatedRequestRatio, formatRatio),
    number('lost', ({ lostRequestRatio }) => lostRequestRatio, formatRatio),
    number('instances', ({ instancesMean }) => instancesMean, count),
    number('at most', ({ instancesMax }) => instancesMax, count),
    number('busy', ({ busyRatio }) => busyRatio, formatRatio),
    number('steps up', ({ scaleOuts }) => scaleOuts, count),
    number('down', ({ scaleIns }) => scaleIns, count),
  ];
}

function nameOf({ policy, generosity }: TriedPolicy): string {
  return generosity === 1 ? policy : `${policy} × ${generosity}`;
}

function curveNote({ tried, leftOut }: SimulationReport): Markup {
  const notDrawn = tried.filter(({ result }) => result.violatedRatio > drawnMax);
  const isSwept = leftOut.length > 0 || tried.some(({ generosity }) => generosity !== 1);
  const notes = [
    isSwept
      ? 'A policy × 0.7 gets by on 0.7 times the instances for what it sees; × 2 wants twice as many.'
      : 'With --sweep each policy is tried less and more generous too, and its dots become a curve.',
    ...tellLeftOut(leftOut),
    ...(notDrawn.length === 0
      ? []
      : [
          `Not drawn, because they missed it more than ${formatRatio(drawnMax)} of the time: ${notDrawn.map(nameOf).join(', ')}.`,
        ]),
  ];
  return html`<p class="note">${notes.join(' ')}</p>`;
}

function assumptions({ trace, service, assumed, price, unmodelled }: SimulationReport): Markup {
  const { target, serviceMs, serviceVariability, concurrency, startMs, timeoutMs } = service;
  const gaps = trace.ratesPerSecond.filter(Number.isNaN).length;
  const unknown = (fact: AssumedFact): string =>
    assumed.includes(fact) ? '; a default, as nothing was said' : '';
  const facts: (readonly [what: string, is: string])[] = [
    ['target', `p${Number((target.quantile * 100).toFixed(1))} within ${formatDuration(target.latencyMs)}`],
    [
      'a request takes',
      `${formatDuration(serviceMs)} of an instance, on average; squared variability ${serviceVariability}${unknown('serviceMs')}`,
    ],
    ['at once', `${concurrency} in an instance${unknown('concurrency')}`],
    ['ready after', `${formatDuration(startMs)}${unknown('startMs')}`],
    ['gives up after', `${formatDuration(timeoutMs)} of waiting`],
    ...(price === undefined ? [] : [['an instance hour costs', String(price)] as const]),
    ...(gaps === 0
      ? []
      : [
          [
            'missing',
            `${gaps} of ${trace.ratesPerSecond.length} values: what came before went on, unseen`,
          ] as const,
        ]),
    ...(unmodelled.length === 0
      ? []
      : [['not modelled', `${unmodelled.join(', ')}: the policies saw nothing of it`] as const]),
  ];
  return html`<section><h2>What was assumed</h2><dl class="facts">${facts.map(
    ([what, is]) => html`<dt>${what}</dt><dd>${is}</dd>`,
  )}</dl><p class="note">Response times follow from the theory of queues. A service that slows down for other reasons than waiting, caches that are cold after a start, or a database that is the bottleneck are not in it.</p></section>`;
}
