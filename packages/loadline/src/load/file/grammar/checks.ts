import type { Field } from '../../../base/index.ts';
import { parsePointer } from '../../steps/json-pointer.ts';
import type { Check, JsonScalar } from '../../steps/response-values.ts';
import { keys } from './keys.ts';
import { readPattern } from './saves.ts';

export function readChecks(field: Field): Check[] {
  const check = field.object(keys.check);
  const headers = check.optional('header')?.record(readHeaderCheck);
  return [
    ...readStatusCheck(check.optional('status')),
    ...readBodyChecks(check.optional('body')),
    ...(headers?.values() ?? []),
    ...readJsonChecks(check.optional('json')),
  ];
}

/** What JSON pointers point at. */
export function readJsonChecks(field: Field | undefined): Check[] {
  return [...(field?.record(readJsonCheck).values() ?? [])];
}

/** A regular expression that the body matches. */
export function readPatternCheck(field: Field): Check {
  return { kind: 'pattern', pattern: readPattern(field), name: `body matches ${String(field.value)}` };
}

/** One status, or a list of them. */
export function readStatuses(field: Field): number[] {
  const status = (item: Field): number => item.number({ whole: true, atLeast: 100, atMost: 599 });
  return Array.isArray(field.value) ? field.array(status, { nonEmpty: true }) : [status(field)];
}

function readStatusCheck(field: Field | undefined): Check[] {
  if (field === undefined) return [];
  const statuses = readStatuses(field);
  return [{ kind: 'status', statuses, name: `status is ${statuses.join(' or ')}` }];
}

function readBodyChecks(field: Field | undefined): Check[] {
  if (field === undefined) return [];
  const body = field.object(keys.bodyCheck);
  if (!body.has('contains') && !body.has('matches') && isEmptyMap(field.value))
    field.problem('must have contains or matches, as in { contains: text }');
  const contains = body.optional('contains')?.string();
  const pattern = body.optional('matches');
  return [
    ...(contains === undefined
      ? []
      : [{ kind: 'body' as const, contains, name: `body contains ${JSON.stringify(contains)}` }]),
    ...(pattern === undefined ? [] : [readPatternCheck(pattern)]),
  ];
}

function readHeaderCheck(entry: Field, name: string): Check {
  const equals = entry.value === 'exists' ? undefined : entry.string();
  return {
    kind: 'header',
    header: name.toLowerCase(),
    equals,
    name: equals === undefined ? `${name} exists` : `${name} is ${JSON.stringify(equals)}`,
  };
}

function readJsonCheck(entry: Field, key: string): Check {
  const pointer = parsePointer(key);
  if (pointer === undefined) entry.problem('must be under a JSON pointer, as in /items/0/id');
  const { value } = entry;
  if (value === 'exists') {
    return { kind: 'json', pointer: pointer ?? [], expected: { kind: 'exists' }, name: `${key} exists` };
  }
  if (typeof value === 'object' && value !== null)
    entry.problem('must be exists, or a text, a number, true, false or null');
  const expected = { kind: 'equals' as const, value: value as JsonScalar };
  return { kind: 'json', pointer: pointer ?? [], expected, name: `${key} is ${JSON.stringify(value)}` };
}

function isEmptyMap(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
