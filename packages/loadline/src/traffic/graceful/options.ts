import { type Field, parse, show } from '../../base/index.ts';
import { optionsError } from '../options-error.ts';
import type { Drain } from './drain.ts';

/** The options of a stop, complete. */
export interface ParsedStop {
  readonly drains: ReadonlyMap<string, Drain>;
  readonly closes: ReadonlyMap<string, () => unknown>;
  readonly noticeMs: number;
  readonly graceMs: number;
  readonly closeMs: number;
  readonly quietMs: number;
}

const optionNames = [
  'health',
  'servers',
  'drains',
  'closes',
  'noticeMs',
  'graceMs',
  'closeMs',
  'quietMs',
  'onStep',
  'clock',
] as const;

const hourMs = 3_600_000;

/** @throws LoadlineError TRAFFIC_OPTIONS_INVALID with every problem. */
export function parseStop(input: unknown): ParsedStop {
  const parsed = parse(input, (root): ParsedStop => {
    const options = root.object(optionNames);
    const wait = (key: (typeof optionNames)[number], standInMs: number): number =>
      options.optional(key)?.number({ atLeast: 0, atMost: hourMs }) ?? standInMs;
    return {
      drains: options.optional('drains')?.record(readDrain) ?? new Map(),
      closes: options.optional('closes')?.record(readFunction) ?? new Map(),
      noticeMs: wait('noticeMs', 0),
      graceMs: wait('graceMs', 30_000),
      closeMs: wait('closeMs', 5000),
      quietMs: wait('quietMs', 250),
    };
  });
  if (parsed.ok) return parsed.value;
  throw optionsError('stop gracefully', parsed.problems);
}

function readDrain(field: Field): Drain {
  const { value } = field;
  if (typeof value === 'function') return { drain: value as Drain['drain'] };
  const isDrain = typeof (value as Partial<Drain> | null | undefined)?.drain === 'function';
  if (!isDrain) field.problem(`must be a function, or have one called drain, got ${show(value)}`);
  return value as Drain;
}

function readFunction(field: Field): () => unknown {
  if (typeof field.value !== 'function') field.problem(`must be a function, got ${show(field.value)}`);
  return field.value as () => unknown;
}
