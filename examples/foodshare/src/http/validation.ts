import { Ajv, type ValidateFunction } from 'ajv';
import type { FastifySchemaCompiler } from 'fastify';
import { isDateTime, isUuid } from '../ground/formats.ts';

/**
 * Checks requests against their JSON schemas, and names everything that is wrong. A body says what it means, so
 * `"5"` is no number there; in a query everything is text, so there it is. Collecting all errors costs time on
 * hostile input, which the limit of the body's size bounds.
 */
export function createValidatorCompiler(): FastifySchemaCompiler<object> {
  const strict = createAjv(false);
  const coercing = createAjv(true);
  return ({ schema, httpPart }): ValidateFunction =>
    (httpPart === 'body' ? strict : coercing).compile(schema);
}

function createAjv(coerceTypes: boolean): Ajv {
  const ajv = new Ajv({
    allErrors: true,
    coerceTypes,
    useDefaults: true,
    // With it, Ajv's limits look away from Infinity, and its coercion lets `1e999` become just that. Every number
    // of ours has limits, which then refuse it.
    strictNumbers: !coerceTypes,
  });
  ajv.addFormat('uuid', isUuid);
  ajv.addFormat('date-time', isDateTime);
  return ajv;
}

/** Text that PostgreSQL can store: it has no place for U+0000. */
export function text(minLength: number, maxLength: number): object {
  return { type: 'string', minLength, maxLength, pattern: '^[^\\u0000]*$' };
}

/** An object with these fields and no others. */
export function object(properties: Readonly<Record<string, object>>, required: readonly string[]): object {
  return { type: 'object', properties, required, additionalProperties: false };
}

export const uuidSchema: object = { type: 'string', format: 'uuid' };
export const dateTimeSchema: object = { type: 'string', format: 'date-time' };
export const latitudeSchema: object = { type: 'number', minimum: -90, maximum: 90 };
export const longitudeSchema: object = { type: 'number', minimum: -180, maximum: 180 };
/** The path of one thing, `/:id`. */
export const idParams: object = object({ id: uuidSchema }, ['id']);
