import { type Field, parse, show } from '../../base/index.ts';
import { optionsError } from '../options-error.ts';
import type { Check } from './checks.ts';

/** A function that rejects where something is not well, alone or with what it means for the service. */
export type HealthCheck =
  | Check['check']
  | {
      readonly check: Check['check'];
      /** Whether the service is of no use without it. Default true; false makes it `degraded`, which still serves. */
      readonly isCritical?: boolean;
      /** In milliseconds; that of all checks by default. */
      readonly timeoutMs?: number;
    };

/** The options, complete. */
export interface ParsedHealth {
  readonly checks: ReadonlyMap<string, Check>;
  readonly version: string | undefined;
  readonly isStarting: boolean;
  readonly keptMs: number;
  readonly path: string;
}

const optionNames = [
  'checks',
  'version',
  'isStarting',
  'timeoutMs',
  'keptMs',
  'path',
  'onFailure',
  'registry',
  'clock',
] as const;

/** @throws LoadlineError TRAFFIC_OPTIONS_INVALID with every problem. */
export function parseHealth(input: unknown): ParsedHealth {
  const parsed = parse(input, (root): ParsedHealth => {
    const options = root.object(optionNames);
    const timeoutMs = options.optional('timeoutMs')?.number({ above: 0, atMost: 60_000 }) ?? 2000;
    return {
      checks: options.optional('checks')?.record((field) => readCheck(field, timeoutMs)) ?? new Map(),
      version: options.optional('version')?.string(),
      isStarting: options.optional('isStarting')?.boolean() ?? false,
      keptMs: options.optional('keptMs')?.number({ atLeast: 0, atMost: 60_000 }) ?? 500,
      path: readPath(options.optional('path')),
    };
  });
  if (parsed.ok) return parsed.value;
  throw optionsError('answer for the health of a service', parsed.problems);
}

function readCheck(field: Field, timeoutMs: number): Check {
  if (typeof field.value === 'function')
    return { check: field.value as Check['check'], isCritical: true, timeoutMs };
  const check = field.object(['check', 'isCritical', 'timeoutMs']);
  return {
    check: readFunction(check.required('check')),
    isCritical: check.optional('isCritical')?.boolean() ?? true,
    timeoutMs: check.optional('timeoutMs')?.number({ above: 0, atMost: 60_000 }) ?? timeoutMs,
  };
}

function readFunction(field: Field): Check['check'] {
  if (typeof field.value === 'function') return field.value as Check['check'];
  field.problem(`must be a function, got ${show(field.value)}`);
  return async () => undefined;
}

function readPath(field: Field | undefined): string {
  const path = field?.string() ?? '/health';
  if (!/^\/[^?#\s]*[^/?#\s]$/.test(path))
    field?.problem(`must begin with a slash and not end with one, got ${show(path)}`);
  return path;
}
