import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { type Operation, operationNames, operations, schemas } from '../../src/contract/index.ts';

// As the server does not: it takes them for what they should be.
const ajv = new Ajv2020({ validateFormats: false, allowUnionTypes: true, useDefaults: true });
for (const schema of schemas) ajv.addSchema(schema);

describe('what requests are checked against', () => {
  it.each(operationNames)('is made of sound schemas: %s', (name) => {
    const { params, query, headers, body }: Operation = operations[name];
    for (const schema of [params, query, headers, body])
      if (schema !== undefined) expect(() => ajv.compile(schema)).not.toThrow();
  });

  it('is told where it is not', () => {
    expect(() => ajv.compile({ type: 'object', properties: { a: { type: 'txt' } } })).toThrow(
      'schema is invalid',
    );
  });
});
