import fc from 'fast-check';
import { type Schema, schemas } from '../../src/contract/index.ts';

/** Texts that mean something to one operation or another, so that more than its schema is reached. */
const words = fc.constantFrom(
  ...[
    'shop',
    'peak',
    'guide/stress',
    'latency_ms',
    'requests',
    'p95',
    'ratio',
    'value',
    'cpuRatio',
    '*',
    'a*b',
  ],
  ...['5s', '0s', '99999999999999d', '50/s', '10%', '512MB', '0 3 * * *', '61 25 * * *', 'Europe/Berlin'],
  ...['http://127.0.0.1:9', 'http://169.254.169.254/', 'http://[::1', '/', '//', 'foodshare/api_servers'],
);

const moments = fc.constantFrom(
  ...['2030-01-01T00:00:00Z', '2030-01-01T00:00:00.5+14:00', '1969-12-31T23:59:60Z', '9999-12-31T23:59:59Z'],
);

const numbers = fc.oneof(
  fc.constantFrom(0, -0, 1, -1, 0.5, 1e-300, 1e290, 1e308, -1e308, 2 ** 31, 2 ** 53, 2 ** 53 + 2),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);

/** What fits a schema, as far as it is asked for here; in some places there is anything else instead, at any depth. */
export function valuesOf(schema: Schema, anything: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const inner = (of: unknown): fc.Arbitrary<unknown> => valuesOf(of as Schema, anything);
  const { $ref, enum: choices, anyOf, examples } = schema;
  if ($ref !== undefined) return inner(schemas.find(({ $id }) => $id === $ref));
  if (choices !== undefined) return fc.constantFrom(...(choices as unknown[]));
  const fitting =
    anyOf === undefined
      ? fc.oneof(...typesOf(schema).map((type) => valuesOfType(type, schema, inner)))
      : fc.oneof(...(anyOf as unknown[]).map(inner));
  return fc.oneof(
    { weight: 20, arbitrary: fitting },
    { weight: 1, arbitrary: anything },
    ...(examples === undefined
      ? []
      : [{ weight: 5, arbitrary: fc.constantFrom(...(examples as unknown[])) }]),
  );
}

function typesOf({ type, properties }: Schema): readonly unknown[] {
  if (Array.isArray(type)) return type;
  return [type ?? (properties === undefined ? 'string' : 'object')];
}

function valuesOfType(
  type: unknown,
  schema: Schema,
  inner: (of: unknown) => fc.Arbitrary<unknown>,
): fc.Arbitrary<unknown> {
  if (type === 'object') return objectsOf(schema, inner);
  if (type === 'array') {
    const minLength = Number(schema.minItems ?? 0);
    return fc.array(inner(schema.items), { minLength, maxLength: minLength + 2 });
  }
  if (type === 'boolean') return fc.boolean();
  if (type === 'null') return fc.constant(null);
  if (type === 'number') return numbers;
  if (type === 'integer') {
    const min = Number(schema.minimum ?? -3);
    const max = Math.min(Number(schema.maximum ?? min + 1000), Number.MAX_SAFE_INTEGER);
    return fc.oneof(fc.integer({ min, max }), fc.constantFrom(min - 1, max + 1, 1e300));
  }
  if (schema.format === 'date-time') return moments;
  return fc.oneof(
    words,
    fc.string({ unit: 'grapheme', maxLength: Math.min(Number(schema.maxLength ?? 30), 300) }),
  );
}

function objectsOf(
  { properties = {}, required = [], additionalProperties }: Schema,
  inner: (of: unknown) => fc.Arbitrary<unknown>,
): fc.Arbitrary<unknown> {
  const fields = Object.entries(properties as object).map(([key, of]) => [key, inner(of)] as const);
  const known = fc.record(Object.fromEntries(fields), { requiredKeys: [...(required as string[])] });
  if (typeof additionalProperties !== 'object') return known;
  const more = fc.dictionary(words, inner(additionalProperties), { maxKeys: 3 });
  return fc.tuple(more, known).map(([others, own]) => ({ ...others, ...own }));
}
