import { glob, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Field, formatBytes, formatPath, type Problem, parse } from '../../base/index.ts';
import { Histogram } from '../../metrics/index.ts';
import { loadError } from '../errors.ts';
import { type ReportedRow, type ReportedRun, type ReportedSpan, runStatuses } from './reported-run.ts';

/**
 * Reads a set of runs: a report, a folder (every .json in it), a pattern with `*`, or several of these with commas
 * between them.
 *
 * @throws LOAD_REPORT_UNREADABLE where nothing is there, and LOAD_REPORT_INVALID where a file is no report of this
 *   version or one run is there twice.
 */
export async function readReports(place: string): Promise<ReportedRun[]> {
  const paths = await pathsOf(place);
  if (paths.length > reportsMax) {
    const found = `${paths.length} files, and ${reportsMax} is the limit`;
    throw loadError('LOAD_REPORT_UNREADABLE', `Cannot compare ${place}: it has ${found}.`, {
      facts: { place },
    });
  }
  const runs: ReportedRun[] = [];
  const pathByRun = new Map<string, string>();
  for (const path of paths) {
    const run = await readReport(path);
    const key = `${run.startedAt} ${run.total.latencyHistogram}`;
    const twin = pathByRun.get(key);
    if (twin !== undefined) {
      const hint = 'Counted twice it would seem surer than it is: leave one out.';
      throw loadError(
        'LOAD_REPORT_INVALID',
        `Cannot compare ${place}: ${twin} and ${path} are one run. ${hint}`,
        {
          facts: { place, paths: [twin, path] },
        },
      );
    }
    pathByRun.set(key, path);
    runs.push(run);
  }
  return runs;
}

const reportsMax = 1000;
const reportBytesMax = 256_000_000;
/** The first is written today; what is new in it may be absent. */
const schemas = ['loadline.load-report/3', 'loadline.load-report/2'];
/** Who has this many to correct need not be told of more at once. */
const problemsMax = 10;

async function pathsOf(place: string): Promise<string[]> {
  const parts = (await kindOf(place)) === undefined ? place.split(',').map((part) => part.trim()) : [place];
  const paths: string[] = [];
  for (const part of parts) {
    const kind = await kindOf(part);
    const found = kind === 'file' ? [part] : await matching(kind === 'folder' ? join(part, '*.json') : part);
    if (found.length === 0) {
      const why = kind === 'folder' ? 'the folder has no .json file' : 'there is no such file or folder';
      throw loadError('LOAD_REPORT_UNREADABLE', `Cannot compare ${part}: ${why}.`, { facts: { path: part } });
    }
    paths.push(...found);
  }
  return paths;
}

async function kindOf(path: string): Promise<'file' | 'folder' | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found === undefined ? undefined : found.isDirectory() ? 'folder' : 'file';
}

async function matching(pattern: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const path of glob(pattern)) {
    paths.push(path);
    if (paths.length > reportsMax) break;
  }
  return paths.sort();
}

async function readReport(path: string): Promise<ReportedRun> {
  const value = parseJson(path, await readText(path));
  const found = (value as { schema?: unknown } | null)?.schema;
  if (typeof found !== 'string' || !schemas.includes(found)) {
    const isOurs = typeof found === 'string' && found.startsWith('loadline.load-report/');
    const what = isOurs
      ? `it is ${found}, and this version reads ${schemas.join(' and ')}. Run the test again`
      : 'it is no report of a load run. Write one with `loadline run FILE --json REPORT`';
    throw loadError('LOAD_REPORT_INVALID', `Cannot compare ${path}: ${what}.`, {
      facts: { path, schema: found },
    });
  }
  const parsed = parse(value, readRun);
  if (!parsed.ok) throw damaged(path, parsed.problems);
  return { ...parsed.value, file: path };
}

async function readText(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > reportBytesMax)
      throw new Error(`it has ${formatBytes(size)}, the limit is ${formatBytes(reportBytesMax)}`);
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw loadError('LOAD_REPORT_UNREADABLE', `Cannot read ${path}: ${(cause as Error).message}.`, {
      cause,
      facts: { path },
    });
  }
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw loadError(
      'LOAD_REPORT_INVALID',
      `Cannot compare ${path}: it is no JSON (${(cause as Error).message}).`,
      {
        cause,
        facts: { path },
      },
    );
  }
}

function damaged(path: string, problems: readonly Problem[]): Error {
  const shown = problems
    .slice(0, problemsMax)
    .map(({ path: at, message }) => `  ${formatPath(at)} ${message}`);
  const rest = problems.length - shown.length;
  const list = [...shown, ...(rest > 0 ? [`  … and ${rest} more`] : [])].join('\n');
  return loadError('LOAD_REPORT_INVALID', `Cannot compare ${path}: the report is damaged.\n${list}`, {
    facts: { path, problems },
  });
}

/** Only what comparing needs is read, and believed no further than it was checked. */
function readRun(root: Field): ReportedRun {
  const environment = root.at('environment');
  const verdict = root.at('verdict');
  const planned = root.at('planned');
  return {
    name: root.at('name').string({ nonEmpty: false }),
    target: root.at('target').string({ nonEmpty: false }),
    startedAt: readTime(root.at('startedAt')),
    seed: root.at('seed').number(),
    ...(planned.value === undefined ? {} : { planned: readPlanned(planned) }),
    plannedMs: root.at('plannedMs').number({ atLeast: 0 }),
    activeMs: root.at('activeMs').number({ atLeast: 0 }),
    verdict: {
      status: verdict.at('status').oneOf(runStatuses),
      reasons: verdict.at('reasons').array((reason) => reason.string({ nonEmpty: false })),
    },
    environment: {
      loadline: environment.at('loadline').string(),
      node: environment.at('node').string(),
      os: environment.at('os').string(),
      arch: environment.at('arch').string(),
      cpuModel: environment.at('cpuModel').string({ nonEmpty: false }),
      cores: environment.at('cores').number({ atLeast: 0 }),
      memoryBytes: environment.at('memoryBytes').number({ atLeast: 0 }),
      workers: environment.at('workers').number({ atLeast: 0 }),
    },
    total: readRow(root.at('total')),
    endpoints: root.at('endpoints').array(readRow),
  };
}

function readPlanned(planned: Field): NonNullable<ReportedRun['planned']> {
  return {
    load: planned.at('load').array((load) => load.string({ nonEmpty: false })),
    fingerprint: planned.at('fingerprint').string(),
  };
}

function readRow(row: Field): ReportedRow {
  return {
    name: row.at('name').string({ nonEmpty: false }),
    statuses: Object.fromEntries(row.at('statuses').record((count) => count.number({ atLeast: 0 }))),
    ...readSpan(row),
    timeline: row.at('timeline').array((span) => ({
      durationMs: span.at('durationMs').number({ above: 0 }),
      ...readSpan(span),
    })),
  };
}

function readSpan(span: Field): ReportedSpan {
  const requests = span.at('requests').number({ atLeast: 0, whole: true });
  const errors = span.at('errors').number({ atLeast: 0, whole: true });
  if (errors > requests) {
    span.at('errors').problem(`must be at most ${requests}, the requests, got ${errors}`);
  }
  return {
    requests,
    errors,
    latencyHistogram: readHistogram(span.at('latencyHistogram')),
    serviceHistogram: readHistogram(span.at('serviceHistogram')),
  };
}

function readHistogram(field: Field): string {
  const text = field.string();
  try {
    Histogram.decode(Buffer.from(text, 'base64'));
  } catch {
    field.problem('must be a histogram in wire form as base64');
  }
  return text;
}

function readTime(field: Field): string {
  const text = field.string();
  if (Number.isNaN(Date.parse(text))) field.problem('must be a date and time, like 2026-01-31T12:00:00Z');
  return text;
}
