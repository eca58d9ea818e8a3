import { type Field, type Parsed, parse } from 'loadline/base';
import {
  namedScalingPresets,
  parseScalingPolicy,
  type ServiceCommand,
  writeScalingPolicy,
} from 'loadline/scaling';
import { assertOwnGroups, type BuildWords, buildKeys, readBuildWords } from './candidate-words.ts';
import { commandKeys, commandOf, readCommandWords, type ServicesSurroundings } from './command-words.ts';
import {
  assertOwnPlaces,
  type ProxyPlaces,
  readDeadline,
  readHaproxy,
  readListen,
  readNginx,
  readQueueTimeout,
  readRequestsMax,
  readSlowStart,
  readTrust,
} from './proxy-places.ts';

/** A service that is run on this machine: how an instance is started, and how many there are to be. */
export interface ServiceDescription extends ProxyPlaces, BuildWords {
  /** Of the group, and of the service in all metrics. */
  readonly name: string;
  readonly command: ServiceCommand;
  /** As people write it; valid. */
  readonly policy: Readonly<Record<string, unknown>>;
}

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
    assertOwnGroups(services, [...found.values()]);
    return [...found.values()];
  });
}

const keys = [
  ...commandKeys,
  ...buildKeys,
  'listen',
  'deadline',
  'slowStart',
  'requestsMax',
  'queueTimeout',
  'trustsForwarded',
  'haproxy',
  'nginx',
  'replicas',
  'policy',
] as const;

function readService(entry: Field, name: string, surroundings: ServicesSurroundings): ServiceDescription {
  if (!namePattern.test(name))
    entry.problem('must have a name of letters, digits, `.`, `_` and `-`, at most 63 of them');
  const service = entry.object(keys);
  const words = readCommandWords(service);
  // That it is absent is told by whoever reads it.
  if (words.command === undefined) service.required('command').string();
  const { folder } = surroundings;
  const listen = service.optional('listen');
  const deadline = service.optional('deadline');
  const slowStart = service.optional('slowStart');
  const requestsMax = service.optional('requestsMax');
  const queueTimeout = service.optional('queueTimeout');
  const trust = service.optional('trustsForwarded');
  const haproxy = service.optional('haproxy');
  const nginx = service.optional('nginx');
  const hasOrders = listen !== undefined || haproxy !== undefined;
  const hasLine = listen !== undefined && requestsMax !== undefined;
  return {
    name,
    command: commandOf(words, surroundings),
    policy: readPolicy(service.required('policy'), service.optional('replicas')),
    ...readBuildWords(service, words, surroundings),
    ...(listen === undefined ? {} : { listen: readListen(listen) }),
    ...(deadline === undefined ? {} : { deadlineMs: readDeadline(deadline, listen !== undefined) }),
    ...(slowStart === undefined ? {} : { slowStartMs: readSlowStart(slowStart, hasOrders) }),
    ...(requestsMax === undefined ? {} : { requestsMax: readRequestsMax(requestsMax, hasOrders) }),
    ...(queueTimeout === undefined ? {} : { queueTimeoutMs: readQueueTimeout(queueTimeout, hasLine) }),
    ...(trust === undefined ? {} : { trustsForwarded: readTrust(trust, listen !== undefined) }),
    ...(haproxy === undefined ? {} : { haproxy: readHaproxy(haproxy, folder) }),
    ...(nginx === undefined ? {} : { nginx: readNginx(nginx, folder) }),
  };
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
    (start ?? field).within(start === undefined ? path : rest).problem(message);
  }
  return {};
}

function presetOf(field: Field): object | undefined {
  const name = field.oneOf([...namedScalingPresets.keys()]);
  const preset = namedScalingPresets.get(name);
  return preset && writeScalingPolicy(preset);
}
