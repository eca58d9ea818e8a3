import { type Field, type ObjectField, type Parsed, parse } from '../../base/index.ts';
import { parseScalingPolicy, type ScalingPolicy, wantedMetrics } from '../../scaling/index.ts';
import type { Workload } from '../../scaling/kubernetes/index.ts';

/** What a scaler does in a cluster: which workloads, by which policies, and where it reads the metrics. */
export interface ScalerFile {
  readonly prometheus: URL;
  /** By which several processes settle which of them acts. */
  readonly lease: { readonly name: string; readonly namespace?: string };
  /** Where KEDA asks, if it is to make what is decided; else Loadline does. */
  readonly keda: { readonly host: string; readonly port: number } | undefined;
  readonly groups: Readonly<Record<string, ScalerGroup>>;
}

export interface ScalerGroup {
  readonly workload: Workload;
  /** As it is written; valid. */
  readonly policy: unknown;
  readonly queries: Readonly<Record<string, string>>;
}

/** Reads a file for `loadline scale run`, and tells everything that is wrong with it at once. */
export function parseScalerFile(input: unknown): Parsed<ScalerFile> {
  return parse(input, (root) => {
    const file = root.object(['prometheus', 'lease', 'keda', 'groups']);
    const named = file.required('groups');
    const groups = named.record(readGroup);
    if (groups.size === 0 && named.value !== undefined) named.problem('must have at least one group');
    const keda = file.optional('keda');
    return {
      prometheus: readUrl(file.required('prometheus')),
      lease: readLease(file.optional('lease')),
      keda: keda === undefined ? undefined : readKeda(keda),
      groups: Object.fromEntries(groups),
    };
  });
}

function readUrl(field: Field): URL {
  const text = field.string();
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol)) return url;
  if (typeof field.value === 'string')
    field.problem(`must be an address like http://prometheus:9090, got ${JSON.stringify(text)}`);
  return new URL('http://localhost');
}

function readLease(field: Field | undefined): ScalerFile['lease'] {
  const lease = field?.object(['name', 'namespace']);
  const namespace = lease?.optional('namespace')?.string();
  return {
    name: lease?.optional('name')?.string() ?? 'loadline-scaler',
    ...(namespace === undefined ? {} : { namespace }),
  };
}

function readKeda(field: Field): NonNullable<ScalerFile['keda']> {
  const keda = field.object(['host', 'port']);
  return {
    host: keda.optional('host')?.string() ?? '127.0.0.1',
    port: keda.optional('port')?.number({ atLeast: 0, atMost: 65_535, whole: true }) ?? 9090,
  };
}

function readGroup(entry: Field): ScalerGroup {
  const group = entry.object(['workload', 'policy', 'queries']);
  const queries = group.required('queries').record((query) => query.string());
  const policy = readPolicy(group.required('policy'));
  for (const metric of policy === undefined ? [] : askedOf(policy))
    if (!queries.has(metric))
      group.required('queries').problem(`must have one for ${metric}, which the policy goes by`);
  return {
    workload: readWorkload(group.required('workload')),
    policy: group.required('policy').value,
    queries: Object.fromEntries(queries),
  };
}

function readPolicy(field: Field): ScalingPolicy | undefined {
  const parsed = parseScalingPolicy(field.value);
  if (parsed.ok) return parsed.value;
  for (const { path, message } of parsed.problems) field.within(path).problem(message);
  return undefined;
}

/** What rules are held against; what a sizing rule would like to know besides it may do without. */
function askedOf(policy: ScalingPolicy): readonly string[] {
  const named = policy.rules.flatMap((rule) => (rule.kind === 'calendar' ? [] : [rule.metric]));
  return policy.hpa === undefined ? named : wantedMetrics(policy).map(({ metric }) => metric);
}

const workloadKeys = ['name', 'kind', 'apiVersion', 'resource', 'namespace'] as const;

function readWorkload(field: Field): Workload {
  const workload: ObjectField<(typeof workloadKeys)[number]> = field.object(workloadKeys);
  const pairs = workloadKeys.flatMap((key) => {
    const value = key === 'name' ? workload.required(key) : workload.optional(key);
    return value === undefined ? [] : [[key, value.string()] as const];
  });
  // Entries lose their keys' types; where the name is missing, that was noted as a problem, and nobody gets this.
  return Object.fromEntries(pairs) as unknown as Workload;
}
