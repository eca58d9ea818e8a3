import { resolve } from 'node:path';
import { type Field, type Parsed, parse } from 'loadline/base';
import {
  parseScalingPolicy,
  type QuotaWish,
  type ScalingPolicy,
  type ServiceCommand,
  scalingPresets,
  writeScalingPolicy,
} from 'loadline/scaling';
import { assertOwnPlaces, type ProxyPlaces, readHaproxy, readListen, readNginx } from './proxy-places.ts';

/** A service that is run on this machine: how an instance is started, and how many there are to be. */
export interface ServiceDescription extends ProxyPlaces {
  /** Of the group, and of the service in all metrics. */
  readonly name: string;
  readonly command: ServiceCommand;
  /** As people write it; valid. */
  readonly policy: Readonly<Record<string, unknown>>;
}

export interface ServicesSurroundings {
  /** Where relative paths start. */
  readonly folder: string;
  /** What services may inherit by name. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Policies that can be named instead of written: `foodshare/api_servers`. */
export const policyPresets: ReadonlyMap<string, ScalingPolicy> = new Map(
  Object.entries(scalingPresets).flatMap(([set, groups]) =>
    Object.entries(groups).map(([group, policy]) => [`${set}/${group}`, policy] as const),
  ),
);

const servicesMax = 100;
const namePattern = /^[A-Za-z0-9][\w.-]{0,62}$/;

/** Reads a services file that is a value already, and tells everything that is wrong with it at once. */
export function parseServices(
  input: unknown,
  surroundings: ServicesSurroundings,
): Parsed<readonly ServiceDescription[]> {
  return parse(input, (root) => {
    const services = root.object(['services']).required('services');
    const found = services.record((entry, name) => readService(entry, name, surroundings));
    if (found.size > servicesMax) services.problem(`must be at most ${servicesMax}, got ${found.size}`);
    assertOwnPlaces(services, [...found.values()]);
    return [...found.values()];
  });
}

const keys = [
  'command',
  'args',
  'env',
  'inherit',
  'folder',
  'port',
  'listen',
  'haproxy',
  'nginx',
  'ready',
  'readyTimeout',
  'drainGrace',
  'quota',
  'replicas',
  'policy',
] as const;

function readService(
  entry: Field,
  name: string,
  { folder, environment }: ServicesSurroundings,
): ServiceDescription {
  if (!namePattern.test(name))
    entry.problem('must have a name of letters, digits, `.`, `_` and `-`, at most 63 of them');
  const service = entry.object(keys);
  const inherited = ['PATH', ...(service.optional('inherit')?.array(readVariable) ?? [])];
  const given = service.optional('env')?.record((value) => value.string({ nonEmpty: false })) ?? new Map();
  const readyTimeoutMs = service.optional('readyTimeout')?.duration({ above: 0 });
  const drainGraceMs = service.optional('drainGrace')?.duration();
  const port = service.optional('port');
  const listen = service.optional('listen');
  const haproxy = service.optional('haproxy');
  const nginx = service.optional('nginx');
  const quota = service.optional('quota');
  return {
    name,
    command: {
      command: service.required('command').string(),
      args: service.optional('args')?.array((argument) => argument.string({ nonEmpty: false })) ?? [],
      environment: {
        ...Object.fromEntries(inherited.map((variable) => [variable, environment[variable]])),
        ...Object.fromEntries(given),
      },
      cwd: resolve(folder, service.optional('folder')?.string() ?? '.'),
      ...(port === undefined ? {} : { portVariable: readVariable(port) }),
      readyPath: readPath(service.optional('ready')),
      ...(readyTimeoutMs === undefined ? {} : { readyTimeoutMs }),
      ...(drainGraceMs === undefined ? {} : { drainGraceMs }),
      ...(quota === undefined ? {} : { quota: readQuota(quota) }),
    },
    policy: readPolicy(service.required('policy'), service.optional('replicas')),
    ...(listen === undefined ? {} : { listen: readListen(listen) }),
    ...(haproxy === undefined ? {} : { haproxy: readHaproxy(haproxy, folder) }),
    ...(nginx === undefined ? {} : { nginx: readNginx(nginx, folder) }),
  };
}

/** What one instance may have of the machine. */
function readQuota(field: Field): QuotaWish {
  const quota = field.object(['cores', 'startCores', 'otherwise']);
  const cores = quota.required('cores').number({ atLeast: 0.01, atMost: 1024 });
  const startCores = quota.optional('startCores')?.number({ atLeast: cores, atMost: 1024 });
  const share = startCores === undefined ? { cores } : { cores, startCores };
  const otherwise = quota.optional('otherwise')?.object(['variable', 'requestsAtOnce']);
  if (otherwise === undefined) return share;
  const requestsAtOnce = otherwise
    .required('requestsAtOnce')
    .number({ atLeast: 1, atMost: 100_000, whole: true });
  return { ...share, otherwise: { variable: readVariable(otherwise.required('variable')), requestsAtOnce } };
}

function readVariable(field: Field): string {
  const name = field.string();
  if (name !== '' && !/^[A-Za-z_]\w*$/.test(name)) field.problem('must be the name of a variable, like PORT');
  return name;
}

function readPath(field: Field | undefined): string {
  const path = field?.string() ?? '/health/ready';
  if (!path.startsWith('/')) field?.problem(`must begin with /, got ${JSON.stringify(path)}`);
  return path;
}

/** A preset's name or a policy; `replicas` beside it comes instead of its own. */
function readPolicy(field: Field, replicas: Field | undefined): Readonly<Record<string, unknown>> {
  const written = typeof field.value === 'string' ? presetOf(field) : field.value;
  if (typeof written !== 'object' || written === null || Array.isArray(written)) {
    if (typeof field.value !== 'string') field.problem('must be a policy, or the name of a preset');
    return {};
  }
  const whole = replicas === undefined ? written : { ...written, replicas: replicas.value };
  const parsed = parseScalingPolicy(whole);
  if (parsed.ok) return writeScalingPolicy(parsed.value);
  for (const { path, message } of parsed.problems) {
    const [first, ...rest] = path;
    // What stands beside the policy is wrong there.
    const start = first === 'replicas' && replicas !== undefined ? replicas : undefined;
    placeAt(start ?? field, start === undefined ? path : rest).problem(message);
  }
  return {};
}

function presetOf(field: Field): object | undefined {
  const name = field.oneOf([...policyPresets.keys()]);
  const preset = policyPresets.get(name);
  return preset && writeScalingPolicy(preset);
}

function placeAt(field: Field, path: readonly (string | number)[]): Field {
  return path.reduce<Field>((place, key) => place.at(key), field);
}
