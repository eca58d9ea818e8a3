import { type Operation, type OperationName, operationNames, operations, type Schema } from './operations.ts';
import { schemas } from './shapes.ts';

/** Who may ask for an operation, for its description. */
export type AccessWords = (name: OperationName) => string;

/** The OpenAPI 3.1 document of the contract: of the same schemas that validate requests. Pure. */
export function openApiDocument({
  version,
  accessOf,
}: {
  readonly version: string;
  /** `open`, or the least role. */
  readonly accessOf: AccessWords;
}): Readonly<Record<string, unknown>> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const name of operationNames) {
    const operation: Operation = operations[name];
    paths[operation.path] ??= {};
    const item = paths[operation.path] as Record<string, unknown>;
    item[operation.method.toLowerCase()] = describe(name, operation, accessOf(name));
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Loadline control plane',
      version,
      description: 'Starts and keeps load tests, and says what every instance is doing.',
    },
    servers: [{ url: '/' }],
    security: [{ key: [] }, { session: [] }],
    paths,
    components: {
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', description: 'An API key.' },
        session: { type: 'apiKey', in: 'cookie', name: 'loadline_session' },
      },
      schemas: Object.fromEntries(schemas.map(({ $id, ...schema }) => [$id, published(schema)])),
    },
  };
}

function describe(name: OperationName, operation: Operation, access: string): Record<string, unknown> {
  const parameters = [
    ...parametersOf(operation.params, 'path'),
    ...parametersOf(operation.query, 'query'),
    ...parametersOf(operation.headers, 'header'),
  ];
  const who =
    access === 'open' ? 'Open to everybody.' : `For ${access}s${access === 'admin' ? '' : ' and above'}.`;
  return {
    operationId: name,
    tags: [operation.tag],
    summary: operation.summary,
    description: [operation.description, who].filter((text) => text !== undefined).join(' '),
    ...(access === 'open' ? { security: [] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...requestBodyOf(operation),
    responses: { ...responsesOf(operation), default: problemResponse },
  };
}

function requestBodyOf({ body, bodyAs }: Operation): { requestBody?: unknown } {
  if (body !== undefined)
    return { requestBody: { required: true, content: { 'application/json': { schema: published(body) } } } };
  if (bodyAs === undefined) return {};
  const content = bodyAs.map((type) => [
    type,
    { schema: type.startsWith('application/x-') ? { type: 'string', format: 'binary' } : { type: 'string' } },
  ]);
  return { requestBody: { required: true, content: Object.fromEntries(content) } };
}

const problemResponse = {
  description: 'A refusal: RFC 9457.',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};

function parametersOf(schema: Schema | undefined, place: 'path' | 'query' | 'header'): unknown[] {
  const properties = (schema?.properties ?? {}) as Readonly<Record<string, Schema>>;
  const required = (schema?.required ?? []) as readonly string[];
  return Object.entries(properties).map(([name, { description, ...of }]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema: published(of),
  }));
}

function responsesOf(operation: Operation): Record<string, unknown> {
  const entries = Object.entries(operation.responses).map(
    ([status, { description, schema, alsoAs = [] }]) => {
      const content = {
        ...(schema === undefined ? {} : { 'application/json': { schema: published(schema) } }),
        ...Object.fromEntries(alsoAs.map((type) => [type, { schema: { type: 'string' } }])),
      };
      return [status, { description, ...(Object.keys(content).length === 0 ? {} : { content }) }];
    },
  );
  return Object.fromEntries(entries);
}

/** A schema as the document has it: a name of ours becomes a place in the document. */
function published(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(published);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) =>
      key === '$ref' ? [key, `#/components/schemas/${String(inner)}`] : [key, published(inner)],
    ),
  );
}
