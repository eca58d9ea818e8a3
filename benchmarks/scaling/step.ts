import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { sleep, systemClock } from 'loadline/base';
import type { Terminal } from 'loadline/cli';
import { createHttp1Transport, type LoadReport, readLoadPlan, runLoad } from 'loadline/load';
import { lookAtFleet } from '../../examples/foodshare/demo/fleet.ts';
import { buildStage, type Stage } from '../../examples/foodshare/demo/stage.ts';
import { type BenchOptions, type Row, rowOf } from '../harness.ts';

/** Before the step and after it, in seconds; arrivals a second. */
const quiet = { seconds: 20, rate: 50 };
const busy = { seconds: 45, rate: 500 };
/** What p95 is to come back under. */
const p95TargetMs = 200;
const instancesMin = 2;

/**
 * The food-sharing service as processes behind the proxy, each held to a share of a core, by the preset `fast/service`. At a
 * known moment ten times as many requests come, more than the fleet can carry. Timed from that moment, not from when
 * it was noticed: until one more instance takes requests, and until p95 of a second is below its target and stays there.
 */
export async function measureStep(options: BenchOptions): Promise<Row[]> {
  const rounds = options.short ? 1 : 3;
  const readyMs: number[] = [];
  const backMs: number[] = [];
  let lost = 0;
  let most = 0;
  for (let round = 0; round < rounds; round++) {
    const seen = await measureOnce(options);
    options.progress(
      `step: round ${round + 1} of ${rounds}, one more ready after ${Math.round(seen.readyMs)} ms, p95 back after ${seen.backMs} ms, ${seen.lost} lost, generator ${seen.verdict}`,
    );
    readyMs.push(seen.readyMs);
    backMs.push(seen.backMs);
    lost += seen.lost;
    most = Math.max(most, seen.most);
  }
  const worst = (values: readonly number[]): number => Math.max(...values);
  return [
    rowOf(
      {
        name: 'step of 10 ×: one more instance takes requests, worst round',
        unit: 'ms',
        value: worst(readyMs),
      },
      { target: 'below 5,000 ms', met: worst(readyMs) < 5000 },
    ),
    rowOf(
      {
        name: `step of 10 ×: p95 is below ${p95TargetMs} ms for good, worst round`,
        unit: 'ms',
        value: worst(backMs),
      },
      { target: 'below 15,000 ms', met: worst(backMs) < 15_000 },
    ),
    rowOf({ name: 'step of 10 ×: most instances', unit: '', value: most }),
    rowOf(
      { name: 'step of 10 ×: requests lost', unit: '', value: lost },
      { target: 'none', met: lost === 0 },
    ),
  ];
}

interface Seen {
  readonly readyMs: number;
  readonly backMs: number;
  readonly most: number;
  readonly lost: number;
  readonly verdict: string;
}

async function measureOnce(options: BenchOptions): Promise<Seen> {
  const home = await mkdtemp(join(tmpdir(), 'loadline-step-'));
  const ending = new AbortController();
  try {
    await using stage = await buildStage(
      {
        posts: 20_000,
        port: 0,
        scaling: {
          policy: 'fast/service',
          replicas: { min: instancesMin, max: 8 },
          quota: { cores: 0.25 },
        },
      },
      {
        terminal: quietTerminal(options),
        env: { ...process.env, LOADLINE_HOME: home },
        signal: ending.signal,
      },
    );
    return await stepOn(stage);
  } finally {
    ending.abort();
    await rm(home, { recursive: true, force: true });
  }
}

async function stepOn(stage: Stage): Promise<Seen> {
  const file = join(dirname(stage.loadFile), 'step.yaml');
  await writeFile(file, scenario);
  const plan = await readLoadPlan(file, { target: stage.url });
  const transport = createHttp1Transport({
    target: new URL(plan.target),
    address: '127.0.0.1',
    clock: systemClock,
  });
  const watching = new AbortController();
  const watched = watchFleet(stage, watching.signal);
  const report = await runLoad(plan, { transport, signal: watching.signal });
  watching.abort();
  const stepAtMs = Date.parse(report.startedAt) + quiet.seconds * 1000;
  const { readyMs, most } = growthOf(await watched, stepAtMs);
  return {
    readyMs,
    backMs: backAfterMs(report),
    most,
    lost: report.total.errors + report.offered.dropped,
    verdict: report.verdict.status,
  };
}

interface Look {
  readonly atMs: number;
  readonly ready: number;
}

async function watchFleet({ controlPlane }: Stage, signal: AbortSignal): Promise<readonly Look[]> {
  const looks: Look[] = [];
  while (!signal.aborted) {
    const ready = (await lookAtFleet(controlPlane))?.ready ?? 0;
    looks.push({ atMs: systemClock.now(), ready });
    await sleep(systemClock, 50, signal).catch(() => undefined);
  }
  return looks;
}

/** From the step until there was one more than just before it. */
function growthOf(
  looks: readonly Look[],
  stepAtMs: number,
): { readonly readyMs: number; readonly most: number } {
  const before = looks.findLast(({ atMs }) => atMs <= stepAtMs)?.ready ?? instancesMin;
  const grown = looks.find(({ atMs, ready }) => atMs > stepAtMs && ready > before);
  return {
    readyMs: (grown?.atMs ?? Number.POSITIVE_INFINITY) - stepAtMs,
    most: Math.max(...looks.map(({ ready }) => ready)),
  };
}

/** From the step to the end of the last second whose p95 was above the target. */
function backAfterMs({ total }: LoadReport): number {
  const stepMs = quiet.seconds * 1000;
  const above = total.timeline.filter(
    ({ startMs, latencyMs }) => startMs >= stepMs && latencyMs !== undefined && latencyMs.p95 > p95TargetMs,
  );
  const last = above.at(-1);
  return last === undefined ? 0 : last.startMs + last.durationMs - stepMs;
}

const scenario = `
name: step
seed: 1
limits: { users_max: 5000 }
data:
  person: { file: people.csv, pick: sequential }
headers: { authorization: "Bearer {{person.token}}" }
scenarios:
  look:
    steps:
      - get: /api/food?lat={{person.lat}}&lon={{person.lon}}&distance_km=5
        name: discover
load:
  - arrivals: { rate: ${quiet.rate}/s, for: ${quiet.seconds}s }
  - arrivals: { rate: ${busy.rate}/s, for: ${busy.seconds}s }
`;

function quietTerminal({ progress }: BenchOptions): Terminal {
  return {
    isInteractive: false,
    width: 100,
    style: (_, text) => text,
    out: () => undefined,
    err: (text) => progress(text.trim()),
  };
}
