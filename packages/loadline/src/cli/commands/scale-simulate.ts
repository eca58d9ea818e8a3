import { parseDuration } from '../../base/index.ts';
import type { ScalingPolicy } from '../../scaling/index.ts';
import {
  type AssumedFact,
  type LeftOut,
  type PolicySweep,
  renderSimulationHtml,
  type SimulatedService,
  type SimulationOptions,
  type SimulationReport,
  simulate,
  sweepPolicy,
  type Trace,
  type TriedPolicy,
  unmodelledMetrics,
} from '../../scaling/simulate/index.ts';
import { cliError } from '../door/errors.ts';
import { exitCodes } from '../door/exit-codes.ts';
import { readPolicy } from '../door/policy-file.ts';
import { tellProblems } from '../door/problems.ts';
import { checkWritable, writeResultFile } from '../door/result-file.ts';
import { readTrace } from '../door/trace.ts';
import { readTraceSource, traceOptions, unfit, untimely } from '../door/trace-source.ts';
import { readWords } from '../door/words.ts';
import { drawSimulation } from '../screen/simulation.ts';
import type { Terminal } from '../screen/terminal.ts';
import type { Command, Surroundings } from './command.ts';

export const scaleSimulateCommand: Command = {
  help: `loadline scale simulate POLICY… --trace FILE [options]

Tries scaling policies on what was asked of a service: how many instance hours each would have taken, and how often the
response time would have missed its target. Policies are files of YAML or JSON, a HorizontalPodAutoscaler too, or presets
like fast/service.

The trace
  --trace FILE       lines of a time and requests a second: 2026-06-06T12:00:00Z,120.5
  --prometheus URL   or from there, with
  --query PROMQL     what gives requests a second; several series are added up
  --of SERVICE       or what a control plane has seen of it: --control-plane URL, --key-file F, as in \`scale why\`
  --last TIME        of these two, the last so long; default 7d
  --step TIME        of these two, a value every so long; default 1m
  --history TIME     so much of its beginning is only for forecasts to learn from; default 0s

The service
  --service TIME     an instance works so long on a request, on average; default 50ms
  --concurrency N    and on so many at once; default 1
  --variability N    variance of that time over the square of its mean; default 1
  --start TIME       from the wish for an instance until it takes requests; default 60s
  --target TIME      95 % of the responses are to come within; default five times the service time
  --price N          what an instance costs an hour, in any currency

What is left
  --sweep            each policy also less and more generous: what it takes to miss the target less
  --interval TIME    from one decision to the next, where the policy has none of its own; default 15s
  --html FILE        a page with charts: what it takes to miss less, the course of each, and each step with its reason
  --json FILE        everything as JSON, with the course of each; with - instead of the table

Exit codes: 0 tried, 2 the input is wrong, 130 interrupted.
`,
  run: trySimulations,
};

const options = {
  ...traceOptions,
  history: { type: 'string', default: '0s' },
  service: { type: 'string' },
  concurrency: { type: 'string' },
  variability: { type: 'string', default: '1' },
  start: { type: 'string' },
  target: { type: 'string' },
  price: { type: 'string' },
  sweep: { type: 'boolean' },
  interval: { type: 'string', default: '15s' },
  json: { type: 'string' },
  html: { type: 'string' },
} as const;

type Asked = ReturnType<typeof readWords<typeof options>>['options'];

async function trySimulations(
  args: readonly string[],
  { terminal, env, signal }: Surroundings,
): Promise<number> {
  const { options: asked, positionals: words } = readWords('scale simulate', args, options);
  const problems: string[] = [];
  if (words.length === 0)
    problems.push(
      'at least one policy is needed, as in `loadline scale simulate policy.yaml --trace load.csv`',
    );
  const source = readTraceSource(asked, problems);
  const { service, assumed, price, intervalMs, historyMs } = readSettings(asked, problems);
  if (source === undefined || problems.length > 0)
    throw cliError('CLI_USAGE', tellProblems('Cannot simulate', problems));
  const policies = await Promise.all(words.map(readPolicy));
  await checkResults(asked);
  const whole = await readTrace(source, { env, signal });
  const { trace, history } = split(whole, historyMs);
  const given: SimulationOptions = {
    ...{ trace, service, intervalMs },
    ...(history === undefined ? {} : { history }),
  };
  const [tried, leftOut]: [TriedPolicy[], LeftOut[]] = [[], []];
  for (const { name, policy } of policies) {
    const sweep = asked.sweep === true ? sweepPolicy(policy) : asItIs(policy);
    for (const { generosity, policy: varied } of sweep.variations) {
      signal.throwIfAborted();
      tried.push({ policy: name, generosity, result: simulate(varied, given) });
    }
    leftOut.push(...sweep.leftOut.map((each) => ({ policy: name, ...each })));
  }
  const unmodelled = [...new Set(policies.flatMap(({ policy }) => unmodelledMetrics(policy)))];
  await tell({ trace, service, assumed, tried, leftOut, price, unmodelled }, asked, terminal);
  return exitCodes.passed;
}

function asItIs(policy: ScalingPolicy): PolicySweep {
  return { variations: [{ generosity: 1, policy }], leftOut: [] };
}

/** The trace may take its time, and many policies too. */
async function checkResults({ json, html }: Asked): Promise<void> {
  if (json === '-' && html === '-') throw unfit('only one of --json and --html can be -');
  for (const file of [json, html])
    if (file !== undefined && file !== '-') await checkWritable(file, 'the simulation');
}

/** As files and on the screen; what is asked for with `-` stands instead of the table. */
async function tell(report: SimulationReport, { json, html }: Asked, terminal: Terminal): Promise<void> {
  const results = [
    { file: json, render: renderJson, what: 'The JSON' },
    { file: html, render: renderSimulationHtml, what: 'The page' },
  ];
  const instead = results.find(({ file }) => file === '-');
  terminal.out(instead === undefined ? drawSimulation(report, terminal) : instead.render(report));
  for (const { file, render, what } of results) {
    if (file === undefined || file === '-') continue;
    await writeResultFile(file, render(report), 'the simulation');
    terminal.err(`${what} is in ${file}.\n`);
  }
}

function renderJson({ trace, service, assumed, price, tried, leftOut }: SimulationReport): string {
  const shown = { trace: { ...trace, ratesPerSecond: undefined }, service, assumed, price, tried, leftOut };
  return `${JSON.stringify(shown, undefined, 2)}\n`;
}

/** The beginning that is only learned from, and the rest that is tried. */
function split(whole: Trace, historyMs: number): { trace: Trace; history: Trace | undefined } {
  const { ratesPerSecond, startMs, stepMs } = whole;
  const steps = Math.round(historyMs / stepMs);
  if (steps === 0) return { trace: whole, history: undefined };
  if (steps >= ratesPerSecond.length)
    throw unfit(
      `--history must leave something to try: the trace has ${ratesPerSecond.length} steps, got ${steps}`,
    );
  return {
    history: { ...whole, ratesPerSecond: ratesPerSecond.subarray(0, steps) },
    trace: { ...whole, startMs: startMs + steps * stepMs, ratesPerSecond: ratesPerSecond.subarray(steps) },
  };
}

interface Settings {
  readonly service: SimulatedService;
  /** What nobody said of it. */
  readonly assumed: readonly AssumedFact[];
  readonly price: number | undefined;
  readonly intervalMs: number;
  readonly historyMs: number;
}

/** What is wrong is told among the problems, and nothing of the settings is to be used then. */
function readSettings(asked: Asked, problems: string[]): Settings {
  const time = (name: string, text: string, leastMs = 0): number => {
    const timeMs = parseDuration(text);
    if (timeMs === undefined) problems.push(untimely(name, text));
    else if (timeMs < leastMs) problems.push(`${name} must be at least ${leastMs}ms, got ${text}`);
    return timeMs ?? Number.NaN;
  };
  const number = (name: string, text: string, least: number, most = Number.MAX_VALUE): number => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    const span = most === Number.MAX_VALUE ? `from ${least}` : `from ${least} to ${most}`;
    if (!(value >= least && value <= most))
      problems.push(`${name} must be a number ${span}, got ${JSON.stringify(text)}`);
    return value;
  };
  const serviceMs = time('--service', asked.service ?? '50ms');
  if (serviceMs === 0) problems.push('--service must be above 0');
  const latencyMs = asked.target === undefined ? 5 * serviceMs : time('--target', asked.target);
  if (serviceMs > 0 && latencyMs <= serviceMs) problems.push('--target must be longer than --service');
  const concurrency = number('--concurrency', asked.concurrency ?? '1', 1);
  if (concurrency >= 1 && !Number.isInteger(concurrency))
    problems.push(`--concurrency must be a whole number, got ${asked.concurrency}`);
  const service = {
    serviceMs,
    serviceVariability: number('--variability', asked.variability, 0, 100),
    arrivalVariability: 1,
    concurrency,
    startMs: time('--start', asked.start ?? '60s'),
    target: { quantile: 0.95, latencyMs },
    timeoutMs: 30_000,
  };
  const words = { serviceMs: asked.service, concurrency: asked.concurrency, startMs: asked.start };
  const facts = Object.keys(words) as AssumedFact[];
  return {
    service,
    assumed: facts.filter((fact) => words[fact] === undefined),
    price: asked.price === undefined ? undefined : number('--price', asked.price, 0),
    // As a policy's own: decisions without end would be made where there is no time between them.
    intervalMs: time('--interval', asked.interval, intervalMsMin),
    historyMs: time('--history', asked.history),
  };
}

const intervalMsMin = 100;
