/**
 * `node tools/record-runs.ts FILE [--base 30] [--slow 20]`: records the runs that the tests of comparing draw from. A
 * small shop, as a process of its own for each run, is loaded with `loadline run`; in slow runs its search takes a
 * tenth longer. The two take turns. Runs that are invalid are recorded again, and their number is told.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import type { ReportedRow, ReportedRun } from '../packages/loadline/src/load/compare/index.ts';
import type { LoadReport } from '../packages/loadline/src/load/index.ts';

const scenarios = (warmUp: boolean): string => `scenarios:
  list: { weight: 50, steps: [{ get: /list, name: list }] }
  search: { weight: 30, steps: [{ get: /search, name: search }] }
  order: { weight: 20, steps: [{ post: /order, name: order, body: '{"item":1}' }] }
load:
  - arrivals: { rate: 200/s, for: ${warmUp ? '2s' : '12s'} }
`;

const serveWord = 'serve';
if (process.argv[2] === serveWord) serve(Number(process.argv[3]));
else await record();

async function record(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { base: { type: 'string', default: '30' }, slow: { type: 'string', default: '20' } },
    allowPositionals: true,
  });
  const wanted = { base: Number(values.base), slow: Number(values.slow) };
  const runs: { readonly base: ReportedRun[]; readonly slow: ReportedRun[] } = { base: [], slow: [] };
  let invalid = 0;
  for (let turn = 1; runs.base.length < wanted.base || runs.slow.length < wanted.slow; turn++) {
    const behind = runs.slow.length * wanted.base < runs.base.length * wanted.slow;
    const kind = behind ? 'slow' : 'base';
    const report = await recordOne(kind === 'slow' ? 1.1 : 1, turn);
    if (report.verdict.status === 'passed') runs[kind].push(essence(report));
    else invalid++;
    process.stderr.write(`${runs.base.length} base, ${runs.slow.length} slow, ${invalid} invalid\n`);
  }
  await writeFile(positionals[0] as string, gzipSync(JSON.stringify(runs), { level: 9 }));
}

async function recordOne(slowness: number, seed: number): Promise<LoadReport> {
  const folder = await mkdtemp(join(tmpdir(), 'loadline-record-'));
  const server = spawn(process.execPath, [fileURLToPath(import.meta.url), serveWord, String(slowness)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [line] = await once(server.stdout, 'data');
    const target = `http://127.0.0.1:${String(line).trim()}`;
    await load(folder, target, seed, true);
    return await load(folder, target, seed, false);
  } finally {
    server.kill();
    await rm(folder, { recursive: true });
  }
}

async function load(folder: string, target: string, seed: number, warmUp: boolean): Promise<LoadReport> {
  const [file, json] = [join(folder, 'shop.yaml'), join(folder, 'report.json')];
  await writeFile(file, scenarios(warmUp));
  const bin = fileURLToPath(new URL('../packages/loadline/bin/loadline.js', import.meta.url));
  const words = [bin, 'run', file, '--target', target, '--seed', String(seed), '--json', json, '--quiet'];
  const command = spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'inherit'] });
  await once(command, 'exit');
  return JSON.parse(await readFile(json, 'utf8')) as LoadReport;
}

/** What comparing reads of a report, without what tells where it was recorded. */
function essence(report: LoadReport): ReportedRun {
  const { name, target, startedAt, seed, plannedMs, activeMs, verdict, environment, total, endpoints } =
    report;
  return {
    name,
    target: target.replace(/:\d+$/, ''),
    startedAt,
    seed,
    plannedMs,
    activeMs,
    verdict,
    environment,
    total: rowEssence(total),
    endpoints: endpoints.map(rowEssence),
  };
}

function rowEssence({ name, statuses, timeline, ...row }: ReportedRow): ReportedRow {
  return {
    name,
    statuses,
    ...spanEssence(row),
    timeline: timeline.map((span) => ({ durationMs: span.durationMs, ...spanEssence(span) })),
  };
}

function spanEssence({
  requests,
  errors,
  latencyHistogram,
  serviceHistogram,
}: Omit<ReportedRow, 'name' | 'statuses' | 'timeline'>): Omit<ReportedRow, 'name' | 'statuses' | 'timeline'> {
  return { requests, errors, latencyHistogram, serviceHistogram };
}

/** A shop whose answers take what answers take: a wait for one of a few connections, for the database, and work. */
function serve(slowness: number): void {
  const connections = createPool(6);
  const endpoints: Readonly<Record<string, () => Promise<void>>> = {
    '/list': () => connections(() => query(4)),
    '/search': async () => {
      await connections(() => query(12 * slowness));
      work(1 * slowness);
    },
    '/order': async () => {
      await connections(() => query(5));
      await connections(() => query(9));
    },
  };
  const server = createServer((request, response) => {
    const answer = endpoints[request.url ?? ''];
    if (answer === undefined) response.writeHead(404).end();
    else void answer().then(() => response.end('{"ok":true}'));
  });
  server.listen(0, '127.0.0.1', () => {
    process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
  });
}

/** Lognormal around its median; timers know whole milliseconds, so fractions of one are drawn. */
async function query(medianMs: number): Promise<void> {
  const deviation = Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
  await wait(Math.floor(medianMs * Math.exp(0.3 * deviation) + Math.random()));
}

function work(durationMs: number): void {
  const endMs = performance.now() + durationMs;
  while (performance.now() < endMs);
}

function createPool(size: number): (use: () => Promise<void>) => Promise<void> {
  const waiting: (() => void)[] = [];
  let free = size;
  return async (use) => {
    if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
    else free--;
    await use();
    const next = waiting.shift();
    if (next === undefined) free++;
    else next();
  };
}
