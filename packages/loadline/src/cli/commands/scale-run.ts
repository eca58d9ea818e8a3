import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import {
  type Clock,
  createRandom,
  ended,
  formatDuration,
  pause,
  type Random,
  systemClock,
  withoutEnd,
  withTimeLimit,
} from '../../base/index.ts';
import { createKubernetes, type Kubernetes, type KubernetesAccess } from '../../kubernetes/index.ts';
import {
  createPrometheusReadings,
  createScalingMemory,
  type Leadership,
  openLeadership,
  openScaler,
  type Round,
  type ScalingDriver,
  type ScalingMemory,
  type ScalingStatus,
} from '../../scaling/index.ts';
import { createKubernetesDriver, createLeaseBook } from '../../scaling/kubernetes/index.ts';
import { cliError } from '../door/errors.ts';
import { exitCodes } from '../door/exit-codes.ts';
import { type AccessRead, kubernetesOptions, readKubernetesAccess } from '../door/kubernetes-access.ts';
import { readPolicyFile } from '../door/policy-file.ts';
import { parseScalerFile, type ScalerFile } from '../door/scaler-file.ts';
import { readWords } from '../door/words.ts';
import type { Command, Surroundings } from './command.ts';

export const scaleRunCommand: Command = {
  help: `loadline scale run FILE [options]

Scales workloads of Kubernetes by their policies, with metrics from Prometheus, until it is stopped. Several may run:
one acts, the others wait for it to end. With \`keda\` in the file it changes nothing itself, and tells KEDA instead.

  --kubernetes-api URL         the API server; needed where this is no pod: \`kubectl proxy\` makes http://127.0.0.1:8001
  --kubernetes-token-file F    the token that opens it; read for each request
  --kubernetes-ca-file F       who has signed its certificate
  --namespace NAME             what is meant where none is named; default that of the pod, or default

The file is YAML: prometheus, groups with workload, policy and queries; docs/reference/scaling-drivers.md has it. Each
change and each reason why there is none goes to standard error. When it ends every workload stays as it is.

Exit codes: 0 ended by SIGTERM or Ctrl-C, 2 the input is wrong.
`,
  run: runScaler,
};

async function runScaler(args: readonly string[], { terminal, env, signal }: Surroundings): Promise<number> {
  const { options: words, positionals } = readWords('scale run', args, kubernetesOptions);
  const { path, access } = readOrder(positionals, await readKubernetesAccess(words, env));
  const file = await readPolicyFile(path, parseScalerFile);
  const clock = systemClock;
  const kubernetes = createKubernetes(access, { clock });
  const random = createRandom(randomBytes(4).readUInt32LE());
  const tell = (line: string): void => terminal.err(`${new Date(clock.now()).toISOString()} ${line}\n`);
  const ends: Means['ends'] = [];
  const means = { ends, file, clock, random, kubernetes, tell, signal };
  tell(`Scales ${Object.keys(file.groups).join(', ')} by the API server at ${access.url.origin}.`);
  try {
    const driver = await (file.keda === undefined ? direct(means) : byKeda(means, file.keda));
    await scale({ ...means, path, driver });
  } finally {
    // What was opened last ends first: nobody else may act before this one has stopped.
    for (const each of ends.toReversed()) await each.close();
  }
  return exitCodes.passed;
}

/** The file, and where the API server is; everything that is wrong with both at once. */
function readOrder(
  positionals: readonly string[],
  read: AccessRead,
): { readonly path: string; readonly access: KubernetesAccess } {
  const [path, ...others] = positionals;
  const isOne = path !== undefined && others.length === 0;
  if (isOne && read.ok) return { path, access: read.access };
  const problems = [
    ...(isOne
      ? []
      : [`one file is needed, as in \`loadline scale run scaler.yaml\`, got ${positionals.length}`]),
    ...(read.ok ? [] : read.problems),
  ];
  throw cliError('CLI_USAGE', ended(`Cannot scale: ${problems.join('; ')}`));
}

interface Means {
  readonly ends: { close(): Promise<void> }[];
  readonly file: ScalerFile;
  readonly clock: Clock;
  readonly random: Random;
  readonly kubernetes: Kubernetes;
  readonly tell: (line: string) => void;
  readonly signal: AbortSignal;
}

interface Work extends Means {
  readonly path: string;
  readonly driver: ScalingDriver;
}

/** Goes on until it is told to stop. */
async function scale({ ends, file, clock, tell, path, driver, signal }: Work): Promise<void> {
  const memory = telling(createScalingMemory(), tell);
  const groups = Object.entries(file.groups);
  const queries = Object.fromEntries(groups.map(([name, group]) => [name, group.queries]));
  const readings = createPrometheusReadings({ url: file.prometheus, queries });
  const scaler = opened(ends, await openScaler({ clock, driver, readings, memory, intervalMs }));
  for (const [name, { policy }] of groups) await scaler.configure(name, { policy, changedBy: path });
  const told = new Map<string, string>();
  while (!signal.aborted) {
    for (const name of scaler.groups)
      for (const { about, state, line } of newsOf(scaler.status(name))) {
        const key = `${name} ${about}`;
        if (line !== undefined && (told.get(key) ?? '') !== state) tell(line);
        told.set(key, state);
      }
    await pause(clock, lookMs, signal);
  }
}

/** What is told of a group when its state is another than before; at the beginning it is ''. */
interface News {
  readonly about: 'standing' | 'sight' | 'trial';
  readonly state: string;
  /** Undefined: there is nothing to say of it. */
  readonly line: string | undefined;
}

function newsOf({ group, last, configuration }: ScalingStatus): readonly News[] {
  if (last === undefined) return [];
  const standing = standingOf(group, last, configuration.policy.intervalMs ?? intervalMs);
  const looked: News = { about: 'standing', state: standing, line: standing };
  return last.kind === 'decided' ? [looked, sightOf(group, last), trialOf(last)] : [looked];
}

/** Whether it is looked after, and whether whatever runs it does as it is told. */
function standingOf(name: string, last: Round, everyMs: number): string {
  if (last.kind === 'unseen')
    return `${name} is left alone: ${withoutEnd(last.because)}. It is looked at again every ${formatDuration(everyMs)}.`;
  const { unmet } = last.fleet;
  return `${name} is looked after${unmet === undefined ? '' : `; ${unmet}`}.`;
}

type Decided = Extract<Round, { readonly kind: 'decided' }>;

/** Which rules see nothing, and why. The reason may be another each time, and is told with the first. */
function sightOf(name: string, { decision, unread }: Decided): News {
  const silent = decision.proposals.filter(({ says }) => says === 'nothing');
  const metrics = silent.map(({ metric }) => metric).join(', ');
  const reasons = silent.map(({ metric, because }) => `${metric} ${because}`).join('; ');
  const what =
    metrics === ''
      ? 'sees again what its policy goes by.'
      : `sees nothing by ${metrics}: ${unread ?? reasons}.`;
  return { about: 'sight', state: metrics, line: `${name} ${what}` };
}

/** What a policy that is only tried would have done; the values may be others each time. */
function trialOf({ decision, outcome }: Decided): News {
  if (outcome?.kind !== 'dry run') return { about: 'trial', state: '', line: undefined };
  const { from, to, reason } = decision;
  return { about: 'trial', state: `${from} to ${to}`, line: `${reason} Not done: it is a dry run.` };
}

function opened<One extends Means['ends'][number]>(ends: Means['ends'], one: One): One {
  ends.push(one);
  return one;
}

/** Whoever has the lease sets the scale of the workloads. */
async function direct({ ends, file, clock, random, kubernetes, signal }: Means): Promise<ScalingDriver> {
  const book = createLeaseBook({ kubernetes, clock, ...file.lease });
  const identity = `${hostname()}_${randomBytes(6).toString('hex')}`;
  const leadership: Leadership = opened(ends, openLeadership({ clock, random, book, identity }));
  // The first rounds then know who acts, or what keeps this one from knowing.
  await withTimeLimit({ clock, limitMs: firstLookMs, end: signal }, () => leadership.begun);
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

/** From one look at a group to the next, where its policy says nothing. */
const intervalMs = 15_000;
/** Who does not answer by then is told as away, and asked again. */
const firstLookMs = 6000;
const lookMs = 500;
