import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Operation,
  type OperationName,
  operationNames,
  operations,
  type Schema,
  schemas,
} from '../../src/contract/index.ts';
import { type Answer, type Method, type Plane, startPlane } from '../plane.ts';
import { valuesOf } from './schema-values.ts';

let plane: Plane;

beforeAll(async () => {
  plane = await startPlane();
});

afterAll(async () => {
  await plane[Symbol.asyncDispose]();
});

/** Words that have hurt somebody. */
const nasty = fc.constantFrom(
  "'; DROP TABLE keys; --",
  '../../etc/passwd',
  '%00',
  '{{$env.PATH}}',
  '<script>alert(1)</script>',
  '\u202e\ufeff\ud83d\ude00',
  '\ud800',
  'constructor',
  '__proto__',
  'http://169.254.169.254/latest',
  '1e999',
  '-0',
  'x'.repeat(5000),
);

const anything = fc.oneof(
  nasty,
  fc.jsonValue({ maxDepth: 4 }),
  fc.string({ unit: 'binary' }),
  fc.integer(),
  fc.double(),
  fc.constant(null),
);

/** Bodies that have the fields of the schema, with anything in them; some are missing, and some are too many. */
function bodiesOf(operation: Operation): fc.Arbitrary<unknown> {
  const named = schemas.find(({ $id }) => $id === operation.body?.$ref);
  const fields = Object.keys((named?.properties ?? {}) as object);
  const record = fc.record(Object.fromEntries(fields.map((field) => [field, anything])), {
    requiredKeys: [],
  });
  const withMore = fc.tuple(record, fc.dictionary(fc.string(), anything, { maxKeys: 2 }));
  return fc.oneof(
    record,
    withMore.map(([known, unknown]) => ({ ...unknown, ...known })),
    anything,
  );
}

function queriesOf(operation: Operation): fc.Arbitrary<string> {
  const fields = Object.keys((operation.query?.properties ?? {}) as object);
  if (fields.length === 0) return fc.constant('');
  const text = fc.oneof(nasty, fc.string({ unit: 'binary' }), fc.integer().map(String));
  const pairs = fc.array(fc.tuple(fc.constantFrom(...fields, 'unknown'), text), { maxLength: 4 });
  return pairs.map((list) => `?${list.map(([key, value]) => `${key}=${encoded(value)}`).join('&')}`);
}

function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

const ajv = new Ajv2020({ allErrors: true, validateFormats: false, allowUnionTypes: true });
for (const schema of schemas) ajv.addSchema(schema);

function expectSound(answer: Answer): void {
  const told = `${answer.status} ${answer.text.slice(0, 500)} ${plane.log.at(-1) ?? ''}`;
  expect(answer.status, told).toBeLessThan(500);
  if (answer.status < 400) return;
  expect(answer.headers['content-type'], told).toContain('application/problem+json');
  expect(ajv.validate('Problem', answer.json), told).toBe(true);
  if (answer.status === 400 && answer.json.code === 'CONTROL_PLANE_REQUEST_INVALID')
    expect(answer.json.errors?.length, told).toBeGreaterThan(0);
  // Nothing of the inside: no stack, no file, no library.
  expect(answer.text, told).not.toMatch(
    /node_modules|\bat .*\.[jt]s:\d|ENOENT|loadline-plane-|FST_|TypeError/,
  );
}

const changing = operationNames.filter((name) => 'body' in operations[name]);

describe('whatever is sent', () => {
  it.each(changing)('gets %s a sound answer: a body', async (name: OperationName) => {
    const operation: Operation = operations[name];
    await fc.assert(
      fc.asyncProperty(bodiesOf(operation), async (body) => {
        const path = operation.path.replaceAll(/\{\w+\}/g, 'x');
        const text = JSON.stringify(body) ?? 'null';
        expectSound(await plane.ask('admin', operation.method as Method, path, { body: text }));
      }),
      { numRuns: 150 },
    );
  });

  it.each(changing)('gets %s a sound answer: a body of the form that it asks for', async (name) => {
    const operation: Operation = operations[name];
    await fc.assert(
      fc.asyncProperty(valuesOf(operation.body as Schema, anything), async (body) => {
        const path = operation.path.replaceAll(/\{\w+\}/g, 'x');
        const text = JSON.stringify(body) ?? 'null';
        expectSound(await plane.ask('admin', operation.method as Method, path, { body: text }));
      }),
      { numRuns: 150 },
    );
  });

  it.each(operationNames)('gets %s a sound answer: a path and a query', async (name) => {
    const operation: Operation = operations[name];
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(nasty, fc.string({ unit: 'binary' })),
        queriesOf(operation),
        async (id, query) => {
          const path = operation.path.replaceAll(/\{\w+\}/g, encoded(id) || 'x');
          expectSound(await plane.ask('admin', operation.method as Method, `${path}${query}`));
        },
      ),
      { numRuns: 40 },
    );
  });
});
