import { integerBetween, type Random } from '../../../base/index.ts';
import { hole, spreadBraces } from '../draft/texts.ts';
import type { ApiPlace } from './api-place.ts';
import { propertiesOf, requiredOf, saying, typeOf } from './schemas.ts';
import { textLike } from './text-like.ts';

export interface ExampleContext {
  readonly random: Random;
  /** The hole for a value that an earlier answer gave under this name, as for `ownerId`. */
  saved(name: string): string | undefined;
}

/**
 * A value that a schema allows: what its author gave as an example, a default or a choice, or else one that is
 * made by type, format and limits. Of objects, the properties that are required, or all where none is.
 * Texts in it are templates.
 */
export function exampleOf(
  schema: ApiPlace,
  context: ExampleContext,
  name = '',
  /** The schemas that it stands in. */
  outer: readonly string[] = [],
): unknown {
  const given = givenExample(schema);
  if (given !== undefined) return given;
  if (outer.length > depthMax) return null;
  const within = [...outer, schema.id];
  const saved = name === '' ? undefined : context.saved(name);
  switch (typeOf(schema)) {
    case 'object':
      return exampleObject(schema, context, within);
    case 'array':
      return exampleList(schema, context, name, within);
    case 'integer':
    case 'number':
      return saved?.replace('}}', ' as number}}') ?? exampleNumber(schema, context.random);
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      return saved ?? exampleText(schema, context.random);
  }
}

/** Deeper than anyone reads. */
const depthMax = 8;

/** What stands in a media type, a parameter or a schema as `example`, `examples`, `default`, `const` or `enum`. */
export function givenExample(place: ApiPlace): unknown {
  const examples = place.at('examples');
  const [first] = Array.isArray(examples.value)
    ? examples.items()
    : examples.entries().map(([, each]) => each.at('value'));
  const candidates = [
    place.at('example'),
    first,
    saying(place, 'example'),
    saying(place, 'default'),
    saying(place, 'const'),
    saying(place, 'enum')
      ?.items()
      .find((item) => item.value !== null),
  ];
  const found = candidates.find(
    (each) => each !== undefined && each.value !== undefined && each.value !== null,
  );
  return found === undefined ? undefined : asTemplate(found.value, 0);
}

/** Any value of the document as JSON whose texts hold no holes. */
function asTemplate(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return spreadBraces(value.toWellFormed());
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value !== 'object' || value === null) return typeof value === 'boolean' ? value : null;
  if (depth > givenDepthMax) return null;
  if (Array.isArray(value)) return value.map((item) => asTemplate(item, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, asTemplate(item, depth + 1)]));
}

const givenDepthMax = 50;

/** Without what leads back to what it stands in. */
function exampleObject(
  schema: ApiPlace,
  context: ExampleContext,
  within: readonly string[],
): Record<string, unknown> {
  const properties = [...propertiesOf(schema)].filter(
    ([, property]) => saying(property, 'readOnly')?.value !== true && !within.includes(property.id),
  );
  const required = requiredOf(schema);
  const chosen = properties.filter(([name]) => required.has(name));
  // Deeper inside, what nobody requires is only more to read.
  const written = chosen.length > 0 || within.length > 3 ? chosen : properties;
  return Object.fromEntries(
    written.map(([name, property]) => [name, exampleOf(property, context, name, within)]),
  );
}

function exampleList(
  schema: ApiPlace,
  context: ExampleContext,
  name: string,
  within: readonly string[],
): unknown[] {
  const items = saying(schema, 'items');
  const least = saying(schema, 'minItems')?.number() ?? 1;
  const most = saying(schema, 'maxItems')?.number() ?? Number.POSITIVE_INFINITY;
  if (items === undefined || within.includes(items.id)) return [];
  const count = Math.max(0, Math.min(Math.max(1, least), most, itemsMax));
  return Array.from({ length: count }, () => exampleOf(items, context, name.replace(/s$/, ''), within));
}

const itemsMax = 20;

function exampleNumber(schema: ApiPlace, random: Random): number {
  const isWhole = typeOf(schema) === 'integer';
  const multiple = saying(schema, 'multipleOf')?.number() ?? 0;
  const step = multiple > 0 ? multiple : isWhole ? 1 : 0.5;
  const above = limitOf(schema, 'minimum', 'exclusiveMinimum', step);
  const below = limitOf(schema, 'maximum', 'exclusiveMaximum', -step);
  const least = above ?? Math.min(step, below ?? step);
  const first = Math.ceil(least / step);
  const last = Math.max(first, Math.min(Math.floor((below ?? Number.POSITIVE_INFINITY) / step), first + 100));
  const value = Number((integerBetween(random, first, last) * step).toPrecision(12));
  return Number.isFinite(value) ? value : 1;
}

/** A limit itself; of an exclusive one, the next value. OpenAPI 3.0 has `exclusiveMinimum: true`, 3.1 a number. */
function limitOf(schema: ApiPlace, key: string, exclusiveKey: string, step: number): number | undefined {
  const exclusive = saying(schema, exclusiveKey);
  const limit = saying(schema, key)?.number();
  const next = exclusive?.number();
  if (next !== undefined) return next + step;
  return limit === undefined || exclusive?.value !== true ? limit : limit + step;
}

function exampleText(schema: ApiPlace, random: Random): string {
  const lengthOf = (key: string, otherwise: number): number =>
    Math.min(Math.max(0, Math.ceil(saying(schema, key)?.number() ?? otherwise)), lengthLimit);
  const lengthMin = lengthOf('minLength', 0);
  const lengthMax = Math.max(lengthMin, lengthOf('maxLength', lengthLimit));
  const pattern = saying(schema, 'pattern')?.text();
  const like = pattern === undefined ? undefined : textLike(pattern, random, { lengthMin, lengthMax });
  if (like !== undefined) return spreadBraces(like);
  const formatted = byFormat(saying(schema, 'format')?.text() ?? '', random);
  if (formatted !== undefined) return formatted;
  const words = 'lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor ';
  const text = 'example'.padEnd(lengthMin, ` ${words.repeat(Math.ceil(lengthMin / words.length))}`);
  return text.slice(0, lengthMax).replace(/ $/, 'x') || 'example';
}

const lengthLimit = 10_000;

function byFormat(format: string, random: Random): string | undefined {
  switch (format) {
    case 'uuid':
      return hole('$uuid');
    case 'date-time':
      return hole('$time');
    case 'date':
      return `2026-0${integerBetween(random, 1, 9)}-${integerBetween(random, 10, 28)}`;
    case 'time':
      return '12:30:00Z';
    case 'duration':
      return 'PT30M';
    case 'email':
    case 'idn-email':
      return `person${hole('$int(1,1000000)')}@example.com`;
    case 'hostname':
      return 'example.com';
    case 'ipv4':
      return '192.0.2.1';
    case 'ipv6':
      return '2001:db8::1';
    case 'uri':
    case 'url':
    case 'iri':
    case 'uri-reference':
      return 'https://example.com/';
    case 'byte':
      return 'ZXhhbXBsZQ==';
    case 'password':
      return 'Example-123!';
    default:
      return undefined;
  }
}
