import type { ApiPlace } from './api-place.ts';

/** A schema as the parts that it is put together from: itself, `allOf`, and the first of `oneOf` or `anyOf`. */
function partsOf(schema: ApiPlace, within: readonly string[] = []): ApiPlace[] {
  const isPart = typeof schema.value === 'object' && schema.value !== null && !within.includes(schema.id);
  if (!isPart || within.length > nestingMax) return [];
  const choice = [...schema.at('oneOf').items(), ...schema.at('anyOf').items()].find(
    (each) => each.isThere && each.at('type').value !== 'null',
  );
  const inner = [...schema.at('allOf').items(), ...(choice === undefined ? [] : [choice])];
  if (inner.length === 0) return [schema];
  return [schema, ...inner.flatMap((part) => partsOf(part, [...within, schema.id]))];
}

const nestingMax = 8;

/** The first part of a schema that says something under a key. */
export function saying(schema: ApiPlace, key: string): ApiPlace | undefined {
  return partsOf(schema)
    .map((part) => part.at(key))
    .find((place) => place.value !== undefined);
}

export function typeOf(schema: ApiPlace): string | undefined {
  const said = saying(schema, 'type');
  const types = said?.text() === undefined ? (said?.items() ?? []).map((item) => item.text()) : [said.text()];
  const type = types.find((each) => each !== 'null');
  if (type !== undefined) return type;
  if (saying(schema, 'properties') !== undefined) return 'object';
  return saying(schema, 'items') === undefined ? undefined : 'array';
}

/** Properties of all parts, the later ones over the earlier. */
export function propertiesOf(schema: ApiPlace): ReadonlyMap<string, ApiPlace> {
  return new Map(partsOf(schema).flatMap((part) => part.at('properties').entries()));
}

export function requiredOf(schema: ApiPlace): ReadonlySet<string> {
  const names = partsOf(schema).flatMap((part) => part.at('required').items());
  return new Set(names.flatMap((name) => name.text() ?? []));
}

/** The schema of JSON content, and its media type. */
export function jsonContent(
  holder: ApiPlace,
): { readonly type: string; readonly media: ApiPlace } | undefined {
  const found = holder
    .at('content')
    .entries()
    .find(([type]) => /^application\/(?:[\w.+-]+\+)?json\b|^\*\/\*$/i.test(type));
  return found && { type: found[0] === '*/*' ? 'application/json' : found[0], media: found[1] };
}
