import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { ended, parseDuration, systemClock } from '../../base/index.ts';
import {
  readTraceCsv,
  readTracePrometheus,
  type Trace,
  type TracePoint,
  traceOfPoints,
} from '../../scaling/simulate/index.ts';
import { askControlPlane, readControlPlane } from './control-plane.ts';
import { cliError } from './errors.ts';
import { tellProblems, whyUnreadable } from './problems.ts';

/** Where a trace comes from, in words. */
export const traceOptions = {
  trace: { type: 'string' },
  prometheus: { type: 'string' },
  query: { type: 'string' },
  of: { type: 'string' },
  'control-plane': { type: 'string' },
  'key-file': { type: 'string' },
  last: { type: 'string', default: '7d' },
  step: { type: 'string', default: '1m' },
} as const;

type AskedTrace = { readonly last: string; readonly step: string } & {
  readonly [Name in Exclude<keyof typeof traceOptions, 'last' | 'step'>]?: string | undefined;
};

interface Means {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

/** @throws CLI_USAGE where there is none, or it cannot be read. */
export async function readTrace(asked: AskedTrace, means: Means): Promise<Trace> {
  const { trace: file, prometheus, of: service } = asked;
  const sources = [file, prometheus, service].filter((source) => source !== undefined);
  if (sources.length !== 1)
    throw unfit('the trace comes from one of --trace FILE, --prometheus URL and --of SERVICE');
  if (prometheus !== undefined) return askPrometheus(prometheus, asked, means);
  if (service !== undefined) return askForService(service, asked, means);
  const text = await readFile(file as string, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw unfit(`the trace ${file} cannot be read: ${whyUnreadable(cause)}`);
  });
  return traceOr(readTraceCsv(text, basename(file as string)), file as string);
}

async function askPrometheus(address: string, asked: AskedTrace, { env, signal }: Means): Promise<Trace> {
  const { query } = asked;
  if (query === undefined) throw unfit('--prometheus needs --query, for requests a second');
  if (!URL.canParse(address)) throw unfit(`--prometheus must be a URL, got ${JSON.stringify(address)}`);
  const authorization = env.LOADLINE_PROMETHEUS_AUTHORIZATION;
  const given = {
    url: new URL(address),
    query,
    ...readWindow(asked),
    ...(authorization === undefined ? {} : { authorization }),
  };
  const read = await readTracePrometheus(given, signal).catch((cause: Error) => {
    signal.throwIfAborted();
    throw unfit(`the trace cannot be had: ${cause.message}`);
  });
  return traceOr(read, query);
}

/** As many as a trace may have. */
const stepsMax = 1_000_000;
/** A control plane reads at most 50,000 points for an answer, those of each instance apart. */
const pointsAtOnce = 1000;

async function askForService(service: string, asked: AskedTrace, { env, signal }: Means): Promise<Trace> {
  const { fromMs, toMs, stepMs } = readWindow(asked);
  const { address, key } = await readControlPlane(asked, env);
  const points: TracePoint[] = [];
  for (let atMs = fromMs; atMs < toMs; atMs += pointsAtOnce * stepMs) {
    const query = new URLSearchParams({
      service,
      figures: 'requestsPerSecond',
      from: new Date(atMs).toISOString(),
      to: new Date(Math.min(toMs, atMs + pointsAtOnce * stepMs)).toISOString(),
      stepMs: String(stepMs),
      quantiles: '',
    });
    const answer = await askControlPlane(address, `/performance/metrics/requests?${query}`, { key, signal });
    const { figures } = answer as { readonly figures: readonly ToldFigure[] };
    const told = figures.flatMap(({ lines }) => lines).flatMap((line) => line.points);
    points.push(...told.map(({ at, mean }) => ({ atMs: Date.parse(at), value: mean })));
  }
  if (points.length === 0) throw unfit(`the control plane has seen no request to ${service} in that time`);
  return traceOr(traceOfPoints(points, service), service);
}

interface ToldFigure {
  readonly lines: readonly { readonly points: readonly { readonly at: string; readonly mean: number }[] }[];
}

function readWindow(asked: AskedTrace): { fromMs: number; toMs: number; stepMs: number } {
  const stepMs = readTime('--step', asked.step);
  if (stepMs < 1000) throw unfit('--step must be at least 1s');
  const lastMs = readTime('--last', asked.last);
  if (lastMs > stepsMax * stepMs)
    throw unfit(`--last must be at most ${stepsMax} values, one every ${asked.step}, got ${asked.last}`);
  const toMs = Math.floor(systemClock.now() / stepMs) * stepMs;
  return { fromMs: toMs - lastMs, toMs, stepMs };
}

function traceOr(read: ReturnType<typeof readTraceCsv>, source: string): Trace {
  if (read.ok) return read.value;
  const said = read.problems.map(({ path, message }) => `${path.join('.')} ${message}`.trim());
  throw said.length === 1
    ? unfit(`the trace ${source} ${said[0]}`)
    : cliError('CLI_USAGE', tellProblems(`Cannot simulate the trace ${source}`, said));
}

/** @throws CLI_USAGE */
export function readTime(name: string, text: string): number {
  const timeMs = parseDuration(text);
  if (timeMs !== undefined) return timeMs;
  throw unfit(`${name} must be a time with its unit, like 90s, got ${JSON.stringify(text)}`);
}

/** What a simulation cannot do with what was asked. */
export function unfit(said: string): Error {
  return cliError('CLI_USAGE', ended(`Cannot simulate: ${said}`));
}
