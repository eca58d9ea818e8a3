import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { systemClock, writeDuration } from '../../base/index.ts';
import {
  readTraceCsv,
  readTracePrometheus,
  type Trace,
  type TracePoint,
  traceOfPoints,
} from '../../scaling/simulate/index.ts';
import { askControlPlane, type ControlPlanePlace, readControlPlane } from './control-plane.ts';
import { cliError } from './errors.ts';
import { notThere } from './names.ts';
import { tellProblems, whyUnreadable } from './problems.ts';
import { type TraceSource, type TraceWindow, unfit } from './trace-source.ts';

interface Means {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

type SourceOf<Kind> = Extract<TraceSource, { readonly kind: Kind }>;

/** @throws CLI_USAGE where it cannot be read. */
export function readTrace(source: TraceSource, means: Means): Promise<Trace> {
  switch (source.kind) {
    case 'file':
      return readTraceFile(source);
    case 'prometheus':
      return askPrometheus(source, means);
    case 'control plane':
      return askForService(source, means);
  }
}

async function readTraceFile({ file }: SourceOf<'file'>): Promise<Trace> {
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw unfit(`the trace ${file} cannot be read: ${whyUnreadable(cause)}`);
  });
  return traceOr(readTraceCsv(text, basename(file)), file);
}

async function askPrometheus(
  { url, query, window }: SourceOf<'prometheus'>,
  { env, signal }: Means,
): Promise<Trace> {
  const authorization = env.LOADLINE_PROMETHEUS_AUTHORIZATION;
  const { stepMs } = window;
  const given = {
    ...{ url, query, stepMs, ...timesOf(window) },
    ...(authorization === undefined ? {} : { authorization }),
  };
  const read = await readTracePrometheus(given, signal).catch((cause: Error) => {
    signal.throwIfAborted();
    throw unfit(`the trace cannot be had: ${cause.message}`);
  });
  return traceOr(read, query, window);
}

/** A control plane reads at most 50,000 points for an answer, those of each instance apart. */
const pointsAtOnce = 1000;

async function askForService(
  { service, words, window }: SourceOf<'control plane'>,
  { env, signal }: Means,
): Promise<Trace> {
  const { stepMs } = window;
  const { fromMs, toMs } = timesOf(window);
  const place = await readControlPlane(words, env);
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
    const answer = await ask(place, `/performance/metrics/requests?${query}`, signal);
    const { figures } = answer as { readonly figures: readonly ToldFigure[] };
    const told = figures.flatMap(({ lines }) => lines).flatMap((line) => line.points);
    points.push(...told.map(({ at, mean }) => ({ atMs: Date.parse(at), value: mean })));
  }
  if (points.length > 0) return traceOr(traceOfPoints(points, service), service, window);
  const known = await knownServices(place, signal);
  throw unfit(
    known.includes(service)
      ? `the control plane has seen nothing of ${service} in that time${wayOut(window)}`
      : notThere('service', service, known),
  );
}

interface ToldFigure {
  readonly lines: readonly { readonly points: readonly { readonly at: string; readonly mean: number }[] }[];
}

/** Those whose requests are remembered, also where no instance is left. */
async function knownServices(place: ControlPlanePlace, signal: AbortSignal): Promise<readonly string[]> {
  const answer = await ask(place, '/performance/metrics/names?prefix=requests&limit=1', signal);
  const { items } = answer as { readonly items: readonly { readonly services: readonly string[] }[] };
  return items.flatMap(({ services }) => services);
}

function ask({ address, key }: ControlPlanePlace, path: string, signal: AbortSignal): Promise<unknown> {
  return askControlPlane(address, path, { key, signal });
}

function timesOf({ lastMs, stepMs }: TraceWindow): { fromMs: number; toMs: number } {
  const toMs = Math.floor(systemClock.now() / stepMs) * stepMs;
  return { fromMs: toMs - lastMs, toMs };
}

/** @param window what was asked for, where that can be more. */
function traceOr(read: ReturnType<typeof readTraceCsv>, source: string, window?: TraceWindow): Trace {
  if (read.ok) return read.value;
  const said = read.problems.map(({ path, message }) => `${path.join('.')} ${message}`.trim());
  if (said.length > 1) throw cliError('CLI_USAGE', tellProblems(`Cannot simulate the trace ${source}`, said));
  throw unfit(`the trace ${source} ${said[0]}${window === undefined ? '' : wayOut(window)}`);
}

/** How to come by more values. */
function wayOut({ lastMs, stepMs }: TraceWindow): string {
  const finerMs = [10_000, 1000].find((each) => each < stepMs);
  const advice =
    finerMs === undefined
      ? 'try again later'
      : `--step ${writeDuration(finerMs)} gives more, and so does waiting`;
  return `; asked for was a value every ${writeDuration(stepMs)} of the last ${writeDuration(lastMs)}: ${advice}`;
}
