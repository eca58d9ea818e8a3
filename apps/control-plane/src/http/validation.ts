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
  return ({ schema, httpPart }) => compileOnce(httpPart === 'body' ? strict : coercing, schema);
}

/** The framework asks for every validator when it starts; compiled is what is used, at its first use. */
function compileOnce(ajv: Ajv2020, schema: object): (data: unknown) => boolean {
  let compiled: ValidateFunction | undefined;
  const validate = (data: unknown): boolean => {
    compiled ??= ajv.compile(schema);
    const isValid = compiled(data);
    validate.errors = compiled.errors;
    return isValid;
  };
  validate.errors = undefined as ValidateFunction['errors'];
  return validate;
}

function createAjv(coerceTypes: boolean): Ajv2020 {
  const ajv = new Ajv2020({
    allErrors: true,
    // A mistake names the schema, so that a name that was probably meant can be told.
    verbose: true,
    coerceTypes,
    useDefaults: true,
    // `type: [string, object]` and the like are meant.
    allowUnionTypes: true,
    // With it, limits would look away from Infinity, which `1e999` is coerced to.
    strictNumbers: !coerceTypes,
    // They are ours, and a test holds them against what a schema may be: here it would cost a tenth of the start.
    validateSchema: false,
  });
  formats.default(ajv, ['date-time']);
  for (const schema of schemas) ajv.addSchema(schema);
  return ajv;
}
