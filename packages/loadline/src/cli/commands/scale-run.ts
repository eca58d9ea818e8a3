import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { type Clock, createRandom, pause, type Random, systemClock } from '../../base/index.ts';
import {
  createKubernetes,
  type Kubernetes,
  type KubernetesAccess,
  podAccess,
} from '../../kubernetes/index.ts';
import {
  createPrometheusReadings,
  createScalingMemory,
  type Leadership,
  openLeadership,
  openScaler,
  type Round,
  type ScalingDriver,
  type ScalingMemory,
} from '../../scaling/index.ts';
import { createKubernetesDriver, createLeaseBook } from '../../scaling/kubernetes/index.ts';
import { cliError } from '../door/errors.ts';
import { exitCodes } from '../door/exit-codes.ts';
import { readPolicyFile, unfitFile } from '../door/policy-file.ts';
import { parseScalerFile, type ScalerFile } from '../door/scaler-file.ts';
import { readWords } from '../door/words.ts';
import type { Command, Surroundings } from './command.ts';

export const scaleRunCommand: Command = {
  help: `loadline scale run FILE [options]

Scales workloads of Kubernetes by their policies, with metrics from Prometheus, until it is stopped. Several may run:
one acts, the others wait for it to end. With \`keda\` in the file it changes nothing itself, and tells KEDA instead.

  --kubernetes-api URL         the API server, where this is no pod
  --kubernetes-token-file F    the token that opens it; read for each request
  --kubernetes-ca-file F       who has signed its certificate
  --namespace NAME             what is meant where none is named; default that of the pod, or default

The file is YAML: prometheus, groups with workload, policy and queries; docs/reference/scaling-drivers.md has it. Each
change and each reason why there is none goes to standard error. When it ends every workload stays as it is.

Exit codes: 0 ended by SIGTERM or Ctrl-C, 2 the input is wrong.
`,
  run: runScaler,
};

const options = {
  'kubernetes-api': { type: 'string' },
  'kubernetes-token-file': { type: 'string' },
  'kubernetes-ca-file': { type: 'string' },
  namespace: { type: 'string' },
} as const;

async function runScaler(args: readonly string[], { terminal, env, signal }: Surroundings): Promise<number> {
  const { options: words, positionals } = readWords('scale run', args, options);
  const [path, ...others] = positionals;
  if (path === undefined || others.length > 0) throw usage(`one file is needed, got ${positionals.length}`);
  const file = await readScalerFile(path);
  const clock = systemClock;
  const kubernetes = createKubernetes(readAccess(words, env), { clock });
  const random = createRandom(randomBytes(4).readUInt32LE());
  const tell = (line: string): void => terminal.err(`${new Date(clock.now()).toISOString()} ${line}\n`);
  const ends: Means['ends'] = [];
  const means = { ends, file, clock, random, kubernetes, tell };
  try {
    const driver = file.keda === undefined ? direct(means) : await byKeda(means, file.keda);
    await scale({ ...means, path, driver, signal });
  } finally {
    // What was opened last ends first: nobody else may act before this one has stopped.
    for (const each of ends.toReversed()) await each.close();
  }
  return exitCodes.passed;
}

interface Means {
  readonly ends: { close(): Promise<void> }[];
  readonly file: ScalerFile;
  readonly clock: Clock;
  readonly random: Random;
  readonly kubernetes: Kubernetes;
  readonly tell: (line: string) => void;
}

interface Work extends Means {
  readonly path: string;
  readonly driver: ScalingDriver;
  readonly signal: AbortSignal;
}

/** Goes on until it is told to stop. */
async function scale({ ends, file, clock, tell, path, driver, signal }: Work): Promise<void> {
  const memory = telling(createScalingMemory(), tell);
  const groups = Object.entries(file.groups);
  const queries = Object.fromEntries(groups.map(([name, group]) => [name, group.queries]));
  const readings = createPrometheusReadings({ url: file.prometheus, queries });
  const scaler = opened(ends, await openScaler({ clock, driver, readings, memory }));
  for (const [name, { policy }] of groups) await scaler.configure(name, { policy, changedBy: path });
  tell(`Scales ${groups.map(([name]) => name).join(', ')}.`);
  const said = new Map<string, string>();
  const blind = new Map<string, string>();
  while (!signal.aborted) {
    for (const name of scaler.groups) {
      const { last } = scaler.status(name);
      if (last === undefined) continue;
      const line = standingOf(name, last);
      if (said.get(name) !== line) tell(line);
      said.set(name, line);
      if (last.kind !== 'decided') continue;
      const { metrics, line: what } = blindnessOf(last);
      if ((blind.get(name) ?? '') !== metrics) tell(`${name} ${what}`);
      blind.set(name, metrics);
    }
    await pause(clock, lookMs, signal);
  }
}

/** Whether it is looked after, and whether whatever runs it does as it is told. */
function standingOf(name: string, last: Round): string {
  if (last.kind === 'unseen') return `${name} is left alone: ${last.because.replace(/[.\s]+$/, '')}.`;
  const { unmet } = last.fleet;
  return `${name} is looked after${unmet === undefined ? '' : `; ${unmet}`}.`;
}

/** Which rules see nothing, and why. The reason may be another each time, and is told with the first. */
function blindnessOf({ decision, unread }: Extract<Round, { readonly kind: 'decided' }>): {
  readonly metrics: string;
  readonly line: string;
} {
  const silent = decision.proposals.filter(({ says }) => says === 'nothing');
  if (silent.length === 0) return { metrics: '', line: 'sees again what its policy goes by.' };
  const metrics = silent.map(({ metric }) => metric).join(', ');
  const reasons = silent.map(({ metric, because }) => `${metric} ${because}`).join('; ');
  return { metrics, line: `sees nothing by ${metrics}: ${unread ?? reasons}.` };
}

function opened<One extends Means['ends'][number]>(ends: Means['ends'], one: One): One {
  ends.push(one);
  return one;
}

/** Whoever has the lease sets the scale of the workloads. */
function direct({ ends, file, clock, random, kubernetes }: Means): ScalingDriver {
  const book = createLeaseBook({ kubernetes, clock, ...file.lease });
  const identity = `${hostname()}_${randomBytes(6).toString('hex')}`;
  const leadership: Leadership = opened(ends, openLeadership({ clock, random, book, identity }));
  const workloads = workloadsOf(file);
  return opened(ends, createKubernetesDriver({ clock, random, kubernetes, workloads, fence: leadership }));
}

async function byKeda(
  { ends, file, clock, random, kubernetes, tell }: Means,
  { host, port }: NonNullable<ScalerFile['keda']>,
): Promise<ScalingDriver> {
  const { createKedaDriver, startKedaScaler } = await import('../../scaling/keda/index.ts').catch((cause) => {
    const message =
      'Cannot serve KEDA: @grpc/grpc-js is not installed. Install it beside loadline: npm install @grpc/grpc-js';
    throw cliError('CLI_PART_MISSING', message, { cause });
  });
  const engine = opened(
    ends,
    createKubernetesDriver({ clock, random, kubernetes, workloads: workloadsOf(file) }),
  );
  const driver = createKedaDriver({ clock, engine, groups: Object.keys(file.groups) });
  const server = opened(ends, await startKedaScaler({ clock, source: driver, host, port }));
  tell(`KEDA may ask at ${host}:${server.port}.`);
  return driver;
}

function workloadsOf({ groups }: ScalerFile): Parameters<typeof createKubernetesDriver>[0]['workloads'] {
  return Object.fromEntries(Object.entries(groups).map(([name, { workload }]) => [name, workload]));
}

/** Says what is done as soon as it is remembered. */
function telling(memory: ScalingMemory, tell: (line: string) => void): ScalingMemory {
  return {
    ...memory,
    record(event) {
      tell(event.reason);
      return memory.record(event);
    },
  };
}

async function readScalerFile(path: string): Promise<ScalerFile> {
  const parsed = parseScalerFile(await readPolicyFile(path));
  if (parsed.ok) return parsed.value;
  throw unfitFile(path, parsed.problems);
}

function readAccess(
  words: { readonly [Name in keyof typeof options]?: string | undefined },
  env: Surroundings['env'],
): KubernetesAccess {
  const { 'kubernetes-api': api, 'kubernetes-token-file': tokenFile, 'kubernetes-ca-file': caFile } = words;
  const pod = podAccess(env);
  if (api === undefined) {
    if (pod !== undefined) return { ...pod, namespace: words.namespace ?? pod.namespace };
    throw usage('this is no pod of Kubernetes. Say --kubernetes-api URL');
  }
  if (!URL.canParse(api) || !/^https?:/.test(api))
    throw usage(`--kubernetes-api must be an address, got ${JSON.stringify(api)}`);
  return {
    url: new URL(api),
    ...(tokenFile === undefined ? {} : { tokenFile }),
    ...(caFile === undefined ? {} : { caFile }),
    namespace: words.namespace ?? 'default',
  };
}

const lookMs = 500;

function usage(said: string): Error {
  return cliError('CLI_USAGE', `Cannot scale: ${said}.`);
}
