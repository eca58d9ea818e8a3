import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { systemClock } from '../../base/index.ts';
import {
  countWorkers,
  generatorFlags,
  type LoadPlan,
  type LoadProgress,
  type LoadReport,
  type LoadSample,
  openTransport,
  type PlanOptions,
  type ProtocolOptions,
  readLoadPlan,
  resolveRedirectHosts,
  resolveTarget,
  runLoad,
  runWorkers,
  sessionProtocolsOf,
  startLocalWorkers,
  usersAtMost,
} from '../../load/index.ts';
import type { ResourceWatch } from '../../load/resources/index.ts';
import { agentOptions, gatherAgents, readAgents } from '../door/agents.ts';
import { cliError } from '../door/errors.ts';
import { exitCodeOf } from '../door/exit-codes.ts';
import { filesMax } from '../door/files-max.ts';
import { observerOptions, openLiveOutputs, readObservers, watchTarget } from '../door/observers.ts';
import { checkResultFiles, resultForOutput, resultOptions, writeResultFiles } from '../door/results.ts';
import { readWords } from '../door/words.ts';
import { progressLine } from '../screen/progress-line.ts';
import { summarize } from '../screen/summary.ts';
import type { Terminal } from '../screen/terminal.ts';
import type { Command, Surroundings } from './command.ts';

export const runCommand: Command = {
  help: `loadline run FILE [options]

Runs the load test that a scenario file describes, draws progress on a terminal, and prints a summary.

The load
  --target URL       the service to load, instead of the file's target
  --profile NAME     which of the file's tests, or a built-in profile like peak or guide/stress
  --scale N          multiplies users and rates, as in --scale 0.1
  --rate N           arrivals a second instead of the file's load, as in --rate 50 or --rate 3000/m
  --duration D       stretches or shrinks the load to this length, as in --duration 30s
  --seed N           repeats every random draw of a run
  --allow-host NAME  allows a target outside this machine and private networks, and redirects to it; may be repeated
  --http2            speaks HTTP/2 instead of HTTP/1.1
  --ca FILE          trusts the certificate authorities in this PEM file besides the known ones
  --insecure         accepts certificates that nobody known has signed
  --workers N        makes the load in N processes, auto in one a core; more where users need more open files
  --agents N         makes the load on N other machines, each of which runs \`loadline agent\`; with --workers here too
  --listen HOST:PORT where the agents join, as in --listen 0.0.0.0:7077
  --token-file F     what agents must know, from a file instead of LOADLINE_AGENT_TOKEN
  --on-loss HOW      when a worker is lost: take-over by another (the default), or leave-out and count

What is left
  --json FILE        the report as JSON; with - any of these goes to the standard output, without the summary
  --html FILE        the report as a page with charts, in one file
  --junit FILE       the thresholds as JUnit test cases
  --csv FILE         every endpoint by the second
  --markdown FILE    a comment for a pull request
  --quiet            no progress, and no summary where the run has passed

While it lasts
  --otlp URL         sends metrics over OTLP, as in --otlp http://127.0.0.1:4318/v1/metrics
  --remote-write URL sends metrics to Prometheus' remote write receiver
  --scrape PORT      serves metrics on 127.0.0.1 for Prometheus to scrape
  --watch-metrics URL, --watch-metric NAME, --watch-pid N, --watch-postgres URL, --watch-valkey URL
                     looks at the target's resources and shows them beside its latency

Exit codes: 0 passed, 99 a threshold failed or nothing answered, 98 the generator was the bottleneck,
97 inconclusive, 2 the input is wrong, 130 interrupted. Ctrl-C ends a run with its report, twice at once.
`,
  run: runFile,
};

const options = {
  target: { type: 'string' },
  profile: { type: 'string' },
  scale: { type: 'string' },
  rate: { type: 'string' },
  duration: { type: 'string' },
  seed: { type: 'string' },
  'allow-host': { type: 'string', multiple: true },
  http2: { type: 'boolean' },
  ca: { type: 'string' },
  insecure: { type: 'boolean' },
  workers: { type: 'string' },
  'on-loss': { type: 'string' },
  quiet: { type: 'boolean' },
  ...agentOptions,
  ...resultOptions,
  ...observerOptions,
} as const;

async function runFile(args: readonly string[], { terminal, signal, env }: Surroundings): Promise<number> {
  const words = readWords('run', args, options);
  const [file, ...rest] = words.positionals;
  if (file === undefined || rest.length > 0) {
    throw cliError(
      'CLI_USAGE',
      `Cannot run: one scenario file is needed, got ${words.positionals.length}. As in \`loadline run load.yaml\`.`,
    );
  }
  const { target, profile, scale, rate, duration, seed, quiet } = words.options;
  const observers = readObservers(words.options);
  const workers = readWorkers(words.options.workers);
  const agents = readAgents(words.options, env);
  const onLoss = readOnLoss(words.options['on-loss']);
  const choice: PlanOptions = { target, profile, scale, rate, duration, seed, env };
  const plan = await readLoadPlan(file, choice);
  const policy = { allowLoopback: true, allowPrivate: true, allowHosts: words.options['allow-host'] ?? [] };
  const address = await resolveTarget(plan.target, policy);
  const errandProtocol = readProtocol(words.options);
  const redirectHosts = await resolveRedirectHosts(plan.target, address, policy);
  const protocol = { ...errandProtocol, redirectHosts };
  const count = agents !== undefined && workers === undefined ? 0 : chooseWorkers(plan, workers);
  await checkResultFiles(words.options);
  const live = await openLiveOutputs(
    observers,
    env,
    `${plan.name} ${new Date(systemClock.now()).toISOString()}`,
  );
  if (live?.scrapeUrl !== undefined) terminal.err(`Metrics of this run: ${live.scrapeUrl}\n`);
  const drawn = quiet === true ? undefined : drawProgress(terminal);
  let watch: ResourceWatch | undefined;
  const { resources } = observers;
  const shared = {
    signal,
    ...(drawn === undefined ? {} : { onProgress: drawn.update }),
    ...(live === undefined ? {} : { onSample: (sample: LoadSample) => live.publish(sample) }),
    ...(resources === undefined
      ? {}
      : {
          watchTarget: async (startMs: number) => {
            watch = await watchTarget(resources, startMs, policy, signal);
            return watch;
          },
        }),
  };
  const makeLoad = async (): Promise<LoadReport> => {
    if (agents === undefined && count === 1) {
      for (const flag of generatorFlags(usersAtMost(plan))) setFlagsFromString(flag);
      const transport = await openTransport(plan.target, address, protocol, systemClock, {
        users: usersAtMost(plan),
        generator: 0,
        sessions: sessionProtocolsOf(plan),
      });
      return await runLoad(plan, { transport, ...shared });
    }
    const errand = { choice, allowHosts: policy.allowHosts, protocol: errandProtocol };
    const there = agents === undefined ? [] : await gatherAgents(agents, { file, errand, terminal, signal });
    const here =
      count === 0 ? [] : startLocalWorkers(count, usersAtMost(plan), { file, choice, address, protocol });
    return await runWorkers(plan, [...there, ...here], { onLoss, ...shared });
  };
  const report = await makeLoad().catch(async (error: unknown) => {
    // What listens or sends does not outlive a run that did not come about.
    await live?.close();
    throw error;
  });
  drawn?.clear();
  const output = await resultForOutput(words.options, report);
  if (output !== undefined) terminal.out(output);
  else if (quiet !== true || report.verdict.status !== 'passed') terminal.out(summarize(report, terminal));
  for (const problem of watch?.problems() ?? []) terminal.err(`Not everything was seen: ${problem}\n`);
  await tellDeliveries(live, terminal);
  await writeResultFiles(words.options, report, (line) => {
    if (quiet !== true) terminal.err(`${line}\n`);
  });
  return exitCodeOf(report.verdict.status);
}

/** Draws over one line of a terminal; where there is none, nothing is drawn. */
export function drawProgress(
  terminal: Terminal,
): { update(progress: LoadProgress): void; clear(): void } | undefined {
  if (!terminal.isInteractive) return undefined;
  const clearLine = '\r\u001b[K';
  return {
    update: (progress) => terminal.err(`${clearLine}${progressLine(progress, terminal)}`),
    clear: () => terminal.err(clearLine),
  };
}

function readWorkers(text: string | undefined): number | 'auto' | undefined {
  if (text === undefined || text === 'auto') return text;
  const count = /^\d+$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= workersMax) return count;
  throw cliError(
    'CLI_USAGE',
    `Cannot run: --workers must be auto or a number from 1 to ${workersMax}, got ${JSON.stringify(text)}.`,
  );
}

const workersMax = 256;

function readOnLoss(text: string | undefined): 'take over' | 'leave out' {
  if (text === undefined || text === 'take-over') return 'take over';
  if (text === 'leave-out') return 'leave out';
  throw cliError(
    'CLI_USAGE',
    `Cannot run: --on-loss must be take-over or leave-out, got ${JSON.stringify(text)}.`,
  );
}

function chooseWorkers(plan: LoadPlan, asked: number | 'auto' | undefined): number {
  const limits = { cores: availableParallelism(), filesMax: filesMax() };
  const { count, problem } = countWorkers(plan, asked, limits);
  if (problem !== undefined) throw cliError('CLI_USAGE', `Cannot run with --workers ${asked}: ${problem}.`);
  return count;
}

function readProtocol(words: {
  readonly http2?: boolean | undefined;
  readonly insecure?: boolean | undefined;
  readonly ca?: string | undefined;
}): ProtocolOptions {
  const { ca } = words;
  try {
    return {
      protocol: words.http2 === true ? 'h2' : 'http/1.1',
      allowsUntrusted: words.insecure === true,
      ...(ca === undefined ? {} : { ca: readFileSync(ca, 'utf8') }),
    };
  } catch (cause) {
    throw cliError('CLI_USAGE', `Cannot read the authorities of --ca ${ca}: ${(cause as Error).message}.`, {
      cause,
    });
  }
}

/** Sends what is left, and says what did not arrive. */
async function tellDeliveries(
  live: Awaited<ReturnType<typeof openLiveOutputs>>,
  terminal: Terminal,
): Promise<void> {
  const { otlp, remoteWrite } = (await live?.close()) ?? {};
  for (const [name, report] of [
    ['OTLP', otlp],
    ['remote write', remoteWrite],
  ] as const) {
    if (report?.lastProblem !== undefined)
      terminal.err(`Not everything went out by ${name}: ${report.lastProblem}\n`);
  }
}
