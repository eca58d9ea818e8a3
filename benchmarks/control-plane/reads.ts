/** What operators and dashboards ask, as arrivals of an open model. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from 'loadline/base';
import type { LoadReport } from 'loadline/load';
import { loadlineCommand, readReport, runCodes } from '../load/contenders.ts';
import { runToEnd } from '../load/processes.ts';
import { temporaryFolder } from '../load/temporary-folder.ts';
import { serviceCount, serviceName } from './fleet.ts';
import { adminKey, type Plane } from './plane.ts';

export const readsPerSecond = 500;

interface Read {
  /** As `/openapi.json` has it; what is not there is left out, and the others get its share. */
  readonly path: string;
  /** Percent of all. */
  readonly share: number;
  readonly query?: Readonly<Record<string, string>>;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const service = '{{service.name}}';

/** Dashboards ask for charts and for what there is now, operators for lists, and a balancer whether it is ready. */
function mixAt(nowMs: number): readonly Read[] {
  const chart = (hours: number, stepMs: number): Readonly<Record<string, string>> => ({
    service,
    from: new Date(nowMs - hours * hourMs).toISOString(),
    to: new Date(nowMs).toISOString(),
    stepMs: String(stepMs),
  });
  return [
    { path: '/performance/metrics', share: 15 },
    { path: '/performance/metrics/cpu', share: 10, query: chart(1, minuteMs) },
    { path: '/performance/metrics/memory', share: 10, query: chart(1, minuteMs) },
    { path: '/performance/metrics/network', share: 5, query: chart(1, minuteMs) },
    { path: '/performance/metrics/event-loop', share: 5, query: chart(7 * 24, 6 * hourMs) },
    { path: '/instances', share: 15, query: { service } },
    { path: '/performance/alerts', share: 10 },
    { path: '/performance/targets', share: 5, query: { service } },
    { path: '/performance/tests/history', share: 5 },
    { path: '/performance/scaling/status', share: 5 },
    { path: '/health/ready', share: 15 },
  ];
}

/** Reads for so many seconds, from the core of everything else. Whether the run means anything is its verdict. */
export async function read(
  { bin, plane }: { readonly bin: string; readonly plane: Plane },
  seconds: number,
): Promise<LoadReport> {
  using folder = temporaryFolder('reads');
  const file = join(folder.path, 'reads.json');
  const names = Array.from({ length: serviceCount }, (_, number) => serviceName(number));
  writeFileSync(join(folder.path, 'services.csv'), ['name', ...names, ''].join('\n'));
  writeFileSync(file, JSON.stringify(await scenarioFor(plane, seconds)));
  const command = loadlineCommand(['run', file, '--json', '-', '--target', plane.url], bin);
  // It shares its core with a database: what it is late would stand in every latency.
  const first = { command: 'nice', args: ['-n', '-10', command.command, ...command.args] };
  const env = { NODE_OPTIONS: '', KEY: adminKey };
  const { stdout } = await runToEnd({ ...command, ...first, env }, [...runCodes, 1]);
  return readReport(stdout);
}

async function scenarioFor(plane: Plane, seconds: number): Promise<object> {
  const served = await servedPaths(plane);
  const reads = mixAt(systemClock.now()).filter(({ path }) => served.has(path));
  return {
    auth: { bearer: '{{$env.KEY}}' },
    data: { service: { file: 'services.csv' } },
    scenarios: Object.fromEntries(
      reads.map(({ path, share, query }) => [
        path.slice(1).replaceAll('/', ' '),
        {
          weight: share,
          steps: [{ get: path, ...(query === undefined ? {} : { query }), check: { status: 200 } }],
        },
      ]),
    ),
    load: [{ arrivals: { rate: `${readsPerSecond}/s`, for: `${seconds}s` } }],
  };
}

async function servedPaths({ url, headers }: Plane): Promise<ReadonlySet<string>> {
  const response = await fetch(`${url}/openapi.json`, { headers });
  const { paths } = (await response.json()) as { readonly paths: object };
  return new Set(Object.keys(paths));
}
