import type { Field } from '../../../base/index.ts';
import type { Save } from '../../plan.ts';
import { parsePointer } from '../../steps/json-pointer.ts';
import type { Extraction } from '../../steps/response-values.ts';
import { keys } from './keys.ts';

export function readSaves(field: Field): Save[] {
  const saves = field.record((entry, name): Save => {
    if (!/^[A-Za-z_]\w*$/.test(name)) entry.problem('must be a name of letters, digits and _');
    return { name, from: readExtraction(entry) };
  });
  return [...saves.values()];
}

/** A regular expression in JavaScript's words. */
export function readPattern(field: Field): RegExp {
  try {
    return new RegExp(field.string());
  } catch (error) {
    field.problem(`must be a regular expression: ${(error as Error).message}`);
    return /$^/;
  }
}

const sources = ['json', 'header', 'cookie', 'match'] as const;

function readExtraction(entry: Field): Extraction {
  const from = entry.object(keys.save);
  const [source, ...others] = sources.filter((each) => from.has(each));
  if (source === undefined || others.length > 0) {
    if (isMapOf(keys.save, entry.value))
      entry.problem('must be one of json, header, cookie and match, as in { json: /items/0/id }');
    return { kind: 'header', name: '' };
  }
  if (from.has('random_of') && source !== 'json')
    from.required('random_of').problem('goes with json, as in { random_of: /items, json: /id }');
  const field = from.required(source);
  switch (source) {
    case 'header':
      return { kind: 'header', name: field.string().toLowerCase() };
    case 'cookie':
      return { kind: 'cookie', name: field.string() };
    case 'match':
      return { kind: 'pattern', pattern: readPattern(field) };
    case 'json': {
      const randomOf = from.optional('random_of');
      const start = randomOf === undefined ? {} : { randomOf: readPointer(randomOf) };
      return { kind: 'json', pointer: readPointer(field), ...start };
    }
  }
}

/** Whether a map has known keys alone; of another one, the unknown keys are problem enough. */
export function isMapOf(known: readonly string[], value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && Object.keys(value).every((key) => known.includes(key))
  );
}

function readPointer(field: Field): readonly string[] {
  const pointer = parsePointer(field.string({ nonEmpty: false }));
  if (pointer === undefined) field.problem('must be a JSON pointer, as in /items/0/id');
  return pointer ?? [];
}
