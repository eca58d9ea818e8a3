import {
  type Clock,
  ended,
  type Field,
  formatPath,
  type ObjectField,
  type Parsed,
  parse,
  show,
} from '../base/index.ts';
import type { Registry } from '../metrics/index.ts';
import type { BeaconOptions } from './doors/beacon-door.ts';
import { isAddressRange } from './doors/guard.ts';
import type { HealthOptions } from './doors/health-door.ts';
import { observeError } from './errors.ts';

/** How a service is watched. Everything may be left out; without a key or addresses nobody can read anything. */
export interface ObserveOptions {
  /** What the service is called. Default `service`. */
  readonly service?: string;
  /** Which version of it runs, for the metric `service_build_info`. */
  readonly version?: string;
  /** From which commit it was made, for the same metric. */
  readonly commit?: string;
  /** Opens the metrics and the profiles: the control plane's. At least 16 characters; several while it is renewed. */
  readonly controlKey?: string | readonly string[];
  /** Opens the metrics alone, for Prometheus. */
  readonly metricsKey?: string | readonly string[];
  /** Addresses and ranges that may read the metrics without a key: `10.0.0.0/8`. Not through a proxy. */
  readonly metricsAddresses?: readonly string[];
  /** The same in all instances, so that a user of two of them counts once. By default made from the first control key. */
  readonly usersKey?: string;
  /** Takes what browsers tell; without it there is no such door. */
  readonly beacon?: BeaconOptions;
  /** Answers at `/health/live` and `/health/ready`; without it the service does. */
  readonly health?: HealthOptions;
  /** Where the metrics are kept; a new one by default. */
  readonly registry?: Registry;
  /** Default: this machine's. */
  readonly clock?: Clock;
}

/** What the doors are opened by, complete. */
export interface Access {
  readonly service: string;
  readonly version: string;
  readonly commit: string;
  readonly controlKeys: readonly string[];
  readonly metricsKeys: readonly string[];
  readonly metricsAddresses: readonly string[];
}

const optionNames = [
  'service',
  'version',
  'commit',
  'controlKey',
  'metricsKey',
  'metricsAddresses',
  'usersKey',
  'beacon',
  'health',
  'registry',
  'clock',
] as const;

const keyLengthMin = 16;
/** What `createHealth` takes. */
const checkMsMax = 60_000;

/**
 * Checks what often comes from the environment, where a key may be empty by mistake, and what plain JavaScript may
 * have put together wrongly: better here than at the first question about the service's health.
 *
 * @throws LoadlineError OBSERVE_OPTIONS_INVALID with every problem, and no key in it.
 */
export function parseAccess(input: ObserveOptions): Access {
  const parsed = parse(input, (root): Access => {
    const options = root.object(optionNames);
    const text = (key: 'service' | 'version' | 'commit', standIn: string): string =>
      options.optional(key)?.string() ?? standIn;
    options.optional('usersKey')?.string();
    checkHealth(options.optional('health'));
    checkBeacon(options.optional('beacon'));
    return {
      service: text('service', 'service'),
      version: text('version', ''),
      commit: text('commit', ''),
      controlKeys: keysOf(options, 'controlKey'),
      metricsKeys: keysOf(options, 'metricsKey'),
      metricsAddresses:
        options.optional('metricsAddresses')?.array((item) => {
          const entry = item.string();
          if (!isAddressRange(entry)) item.problem('must be an IP address or a range like 10.0.0.0/8');
          return entry;
        }) ?? [],
    };
  });
  return valueOrRefuse('Cannot observe', parsed);
}

/** @throws LoadlineError OBSERVE_OPTIONS_INVALID with every problem. */
export function valueOrRefuse<Value>(attempt: string, parsed: Parsed<Value>): Value {
  if (parsed.ok) return parsed.value;
  const found = parsed.problems.map(({ path, message }) => `${formatPath(path)} ${message}`);
  throw observeError('OBSERVE_OPTIONS_INVALID', ended(`${attempt}: ${found.join('; ')}`), {
    facts: { problems: parsed.problems },
  });
}

function checkHealth(field: Field | undefined): void {
  const health = field?.object(['checks', 'isDraining', 'timeoutMs']);
  health?.optional('checks')?.record(checkCheck);
  const isDraining = health?.optional('isDraining');
  if (isDraining !== undefined) checkFunction(isDraining);
  health?.optional('timeoutMs')?.number({ above: 0, atMost: checkMsMax });
}

/** A function alone, or with what it means for the service. */
function checkCheck(field: Field): void {
  if (typeof field.value !== 'object') {
    checkFunction(field);
    return;
  }
  const check = field.object(['check', 'isCritical', 'timeoutMs']);
  checkFunction(check.required('check'));
  check.optional('isCritical')?.boolean();
  check.optional('timeoutMs')?.number({ above: 0, atMost: checkMsMax });
}

function checkBeacon(field: Field | undefined): void {
  const beacon = field?.object(['origins', 'pages', 'ratePerSecond']);
  beacon?.optional('origins')?.array((origin) => origin.string());
  beacon?.optional('pages')?.array((page) => page.string());
  beacon?.optional('ratePerSecond')?.number({ above: 0 });
}

function checkFunction(field: Field): void {
  if (typeof field.value !== 'function') field.problem(`must be a function, got ${show(field.value)}`);
}

function keysOf(
  options: ObjectField<(typeof optionNames)[number]>,
  name: 'controlKey' | 'metricsKey',
): string[] {
  const field = options.optional(name);
  if (field === undefined) return [];
  const keys: readonly unknown[] = Array.isArray(field.value) ? field.value : [field.value];
  return keys.map((key) => {
    if (typeof key === 'string' && key.length >= keyLengthMin && !/\s/.test(key)) return key;
    const found = typeof key === 'string' ? `${key.length} characters` : typeof key;
    field.problem(`must have at least ${keyLengthMin} characters without spaces, got ${found}`);
    return '';
  });
}
