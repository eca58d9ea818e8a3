import { type ApiSchema, nameOf, type Schemas } from './document.ts';

/** Deeper than any order of the contract; what refers to itself ends here. */
const depthMax = 8;

/**
 * A value that fits a schema: its own example, or the least that has everything that is required. Pure; the same schema
 * gives the same value.
 *
 * @param name what a text is filled with.
 */
export function exampleOf(schema: ApiSchema, schemas: Schemas, name = 'text', depth = 0): unknown {
  if (depth > depthMax) return null;
  if (schema.$ref !== undefined) {
    return exampleOf(schemas[nameOf(schema.$ref)] ?? {}, schemas, name, depth + 1);
  }
  const [own] = [...(schema.examples ?? []), schema.const, schema.default, ...(schema.enum ?? [])].filter(
    (value) => value !== undefined,
  );
  if (own !== undefined) return own;
  const [choice] = [...(schema.oneOf ?? []), ...(schema.anyOf ?? [])];
  if (choice !== undefined && schema.properties === undefined)
    return exampleOf(choice, schemas, name, depth + 1);
  switch (typeof schema.type === 'string' ? schema.type : schema.type?.[0]) {
    case 'object':
      return objectOf(schema, schemas, depth);
    case 'array':
      return [exampleOf(schema.items ?? {}, schemas, name, depth + 1)];
    case 'integer':
    case 'number':
      return numberOf(schema);
    case 'boolean':
      return true;
    default:
      return textOf(schema, name);
  }
}

function objectOf(schema: ApiSchema, schemas: Schemas, depth: number): unknown {
  const { properties = {}, required = [], anyOf = [], oneOf = [] } = schema;
  // Where one of several sets of fields is needed, the first will do.
  const [choice] = [...oneOf, ...anyOf];
  const wanted = [...required, ...(choice?.required ?? [])].filter((key) => properties[key] !== undefined);
  return Object.fromEntries(
    wanted.map((key) => [key, exampleOf(properties[key] as ApiSchema, schemas, key, depth + 1)]),
  );
}

function numberOf({ minimum, exclusiveMinimum, maximum = 1 }: ApiSchema): number {
  return minimum ?? (exclusiveMinimum === undefined ? Math.min(1, maximum) : exclusiveMinimum + 1);
}

function textOf({ format, minLength = 0 }: ApiSchema, name: string): string {
  return format === 'date-time' ? '2026-11-21T18:00:00Z' : name.padEnd(minLength, '.');
}
