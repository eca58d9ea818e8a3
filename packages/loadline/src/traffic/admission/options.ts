import { type Field, parse, show } from '../../base/index.ts';
import type { RateLimiter } from '../../resilience/index.ts';
import type { GateRequest } from '../gate/gate.ts';
import { optionsError } from '../options-error.ts';

/** A limit on how often somebody may. */
export interface AdmissionRate {
  /** For people and metrics: `by-user`. */
  readonly name: string;
  /** Whose request it is: a user, a key, `clientAddress()`. Undefined: this limit is not for this request. */
  readonly keyOf: (request: GateRequest) => string | undefined;
  /** Of `createLocalRateLimit` or `createSharedRateLimit`. */
  readonly limiter: RateLimiter;
}

/** The options, complete. */
export interface ParsedAdmission {
  readonly rates: readonly AdmissionRate[];
  readonly neverShed: readonly string[];
  /** Infinity for no limit. */
  readonly deadlineMs: number;
}

/** Where a service is asked how it is: refused there, it would be taken for ill because it is busy. */
const neverShedByDefault = ['/health', '/metrics', '/loadline'];

const names = [
  'rates',
  'limiter',
  'deadlineMs',
  'priorityOf',
  'neverShed',
  'registry',
  'random',
  'clock',
] as const;

/** @throws LoadlineError TRAFFIC_OPTIONS_INVALID with every problem. */
export function parseAdmission(input: unknown): ParsedAdmission {
  const parsed = parse(input, (root): ParsedAdmission => {
    const options = root.object(names);
    return {
      rates: options.optional('rates')?.array(readRate) ?? [],
      neverShed: options.optional('neverShed')?.array(readPath) ?? neverShedByDefault,
      deadlineMs: options.optional('deadlineMs')?.number({ above: 0 }) ?? Number.POSITIVE_INFINITY,
    };
  });
  if (parsed.ok) return parsed.value;
  throw optionsError('admit requests', parsed.problems);
}

function readRate(field: Field): AdmissionRate {
  const rate = field.object(['name', 'keyOf', 'limiter']);
  const name = rate.required('name').string();
  for (const reserved of ['admitted', 'shed', 'overdue', 'unknown'])
    if (name === reserved) rate.required('name').problem(`must not be ${reserved}, which the metrics use`);
  const keyOf = rate.required('keyOf');
  if (typeof keyOf.value !== 'function') keyOf.problem(`must be a function, got ${show(keyOf.value)}`);
  const limiter = rate.required('limiter');
  if (typeof (limiter.value as Partial<AdmissionRate['limiter']> | undefined)?.take !== 'function')
    limiter.problem(
      `must be made by createLocalRateLimit or createSharedRateLimit, got ${show(limiter.value)}`,
    );
  return field.value as AdmissionRate;
}

function readPath(field: Field): string {
  const path = field.string();
  if (path !== '' && !/^\/[^?#\s]*[^/?#\s]$/.test(path))
    field.problem(`must begin with a slash and not end with one, got ${show(path)}`);
  return path;
}
