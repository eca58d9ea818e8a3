import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { FastifySchemaCompiler } from 'fastify';
import { schemas } from '../contract/index.ts';

/**
 * Checks requests against the contract and finds everything that is wrong. In a body `"5"` is no number; in a path, a
 * query and a head everything is text, so there it is. To collect all mistakes costs time on hostile input, which the
 * limit of the body's size bounds.
 */
export function createValidatorCompiler(): FastifySchemaCompiler<object> {
  const strict = createAjv(false);
  const coercing = createAjv(true);
  return ({ schema, httpPart }): ValidateFunction =>
    (httpPart === 'body' ? strict : coercing).compile(schema);
}

function createAjv(coerceTypes: boolean): Ajv2020 {
  const ajv = new Ajv2020({
    allErrors: true,
    coerceTypes,
    useDefaults: true,
    // `type: [string, object]` and the like are meant.
    allowUnionTypes: true,
    // With it, limits would look away from Infinity, which `1e999` is coerced to.
    strictNumbers: !coerceTypes,
  });
  formats.default(ajv, ['date-time']);
  for (const schema of schemas) ajv.addSchema(schema);
  return ajv;
}
