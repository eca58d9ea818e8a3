import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { bodyOf, fromOpenapi, headerOf, read, requestsOf, shown } from './written.ts';

/** An API of these paths, in YAML. */
function api(paths: string, more = ''): unknown {
  return parse(
    `openapi: 3.1.0\ninfo: { title: Shop, version: "1" }\nservers: [{ url: https://shop.test/v1 }]\n${more}\npaths:\n${paths}`,
  );
}

const pets = `
  /pets:
    get:
      tags: [pets]
      responses: { "200": { content: { application/json: { schema: { type: array, items: { $ref: "#/components/schemas/Pet" } } } } } }
    post:
      tags: [pets]
      requestBody: { content: { application/json: { schema: { $ref: "#/components/schemas/Pet" } } } }
      responses: { "201": { content: { application/json: { schema: { $ref: "#/components/schemas/Pet" } } } } }
  /pets/{petId}:
    parameters: [{ name: petId, in: path, required: true, schema: { type: integer } }]
    get: { tags: [pets], responses: { "200": {}, "404": {} } }
    delete: { tags: [pets], responses: { "204": {} } }
    patch: { tags: [pets], deprecated: true, responses: { "200": {} } }
  /pets/{petId}/visits:
    post:
      tags: [visits]
      parameters: [{ name: petId, in: path, required: true, schema: { type: integer } }]
      requestBody: { content: { application/json: { schema: { type: object, required: [petId, day], properties: { petId: { type: integer }, day: { type: string, format: date-time }, note: { type: string } } } } } }
      responses: { "200": {}, "202": {} }
components:
  schemas:
    Pet: { type: object, required: [id, name], properties: { id: { type: integer, readOnly: true }, name: { type: string, example: Rex }, owner: { $ref: "#/components/schemas/Pet" } } }
`;

const linesOf = (yaml: string): string[][] =>
  read(yaml).scenarios.map((scenario) =>
    requestsOf({ scenarios: [scenario] }).map(({ method, path }) => `${method} ${shown(path)}`),
  );

describe('what is written of an API description', () => {
  const yaml = fromOpenapi(api(pets));

  it('is a scenario a tag, which creates before it reads, and takes ids from answers', () => {
    expect(read(yaml).target).toBe('https://shop.test');
    expect(read(yaml).scenarios.map(({ name }) => name)).toEqual(['pets', 'visits']);
    expect(linesOf(yaml)).toEqual([
      ['POST /v1/pets', 'GET /v1/pets', 'GET /v1/pets/{{petId}}'],
      ['POST /v1/pets', 'POST /v1/pets/{{petId}}/visits'],
    ]);
    expect(requestsOf(read(yaml))[0]?.saves).toEqual([
      { name: 'petId', from: { kind: 'json', pointer: ['id'] } },
    ]);
  });

  it('pauses after each request, so that the first run is no flood', () => {
    for (const { steps } of read(fromOpenapi(api(pets))).scenarios)
      expect(steps.map(({ kind }) => kind)).toEqual(
        steps.map((_, index) => (index % 2 === 0 ? 'request' : 'think')),
      );
  });

  it('has a path whatever its example is', () => {
    const broken = api(
      '  /a/{b}:\n    get: { parameters: [{ name: b, in: path, example: X, schema: {} }] }\n',
    );
    const written = JSON.parse(JSON.stringify(broken).replace('"X"', '"\\ud800"')) as unknown;
    expect(linesOf(fromOpenapi(written))).toEqual([['GET /v1/a/%EF%BF%BD']]);
  });

  it('fills what is called like an id that was saved', () => {
    expect(bodyOf(requestsOf(read(yaml)).at(-1) as never)).toBe('{"petId":{{petId}},"day":"{{time}}"}');
  });

  it('expects every success that is described, and checks what an answer must have', () => {
    expect(requestsOf(read(yaml)).map((step) => step.expect)).toEqual([
      [201],
      [200],
      [200],
      [201],
      [200, 202],
    ]);
    expect(requestsOf(read(yaml))[0]?.checks.map(({ name }) => name)).toEqual([
      'status is 201',
      '/id exists',
      '/name exists',
    ]);
  });

  it('is without what deletes or is deprecated, which is told, unless all is wanted', () => {
    expect(yaml).toContain('#   DELETE /pets/{petId}: it deletes (--all imports it)');
    expect(yaml).toContain('#   PATCH /pets/{petId}: it is deprecated (--all imports it)');
    expect(linesOf(fromOpenapi(api(pets), { all: true }))[0]?.at(-1)).toBe('DELETE /v1/pets/{{petId}}');
  });

  it('may be of one tag, with what an id comes from', () => {
    expect(linesOf(fromOpenapi(api(pets), { tags: ['visits'] }))).toEqual([
      ['POST /v1/pets', 'POST /v1/pets/{{petId}}/visits'],
    ]);
  });

  it('fills parameters that are called so too, also within a list', () => {
    const asked = api(pets) as { paths: Record<string, unknown> };
    asked.paths['/pets/{petId}/friends'] = {
      get: {
        tags: ['pets'],
        parameters: [
          { name: 'petId', in: 'path', schema: { type: 'integer' } },
          {
            name: 'petIds',
            in: 'query',
            required: true,
            schema: { type: 'array', items: { type: 'integer' } },
          },
        ],
      },
    };
    expect(linesOf(fromOpenapi(asked))[0]?.at(-1)).toBe('GET /v1/pets/{{petId}}/friends?petIds={{petId}}');
  });

  it('takes an id from a list where nothing creates one', () => {
    const listed = api(
      '  /users:\n    get: { responses: { "200": { content: { application/json: { schema: { properties: { items: { type: array, items: { properties: { id: { type: string } } } } } } } } } } }\n  /users/{id}:\n    get: { parameters: [{ name: id, in: path }], responses: { "200": {} } }',
    );
    expect(requestsOf(read(fromOpenapi(listed)))[0]?.saves).toEqual([
      { name: 'userId', from: { kind: 'json', pointer: ['id'], randomOf: ['items'] } },
    ]);
  });

  it('goes to the server that is asked for, under its path or else the described one', () => {
    const to = (target: string): string => {
      const file = read(fromOpenapi(api(pets), { target }));
      return `${file.target} ${requestsOf(file)[0]?.path.text}`;
    };
    expect(to('http://127.0.0.1:8080')).toBe('http://127.0.0.1:8080 /v1/pets');
    expect(to('http://127.0.0.1:8080/api/')).toBe('http://127.0.0.1:8080 /api/pets');
    expect(fromOpenapi(api(pets), { target: 'localhost:80' })).toContain(
      'cannot be imported for "localhost:80"',
    );
  });
});

describe('values', () => {
  const exampleFor = (schema: string): unknown => {
    const [step] = requestsOf(
      read(
        fromOpenapi(
          api(`  /x:\n    post: { requestBody: { content: { application/json: { schema: ${schema} } } } }`),
        ),
      ),
    );
    return JSON.parse(bodyOf(step as never) as string);
  };

  it.each<[string, unknown]>([
    ['{ type: string, example: a, default: b, enum: [c] }', 'a'],
    ['{ type: string, examples: [a, b] }', 'a'],
    ['{ type: string, default: b, enum: [c, b] }', 'b'],
    ['{ const: 5 }', 5],
    ['{ type: [string, "null"], enum: [null, c] }', 'c'],
    ['{ type: boolean }', true],
    ['{ type: integer, minimum: 7, maximum: 7 }', 7],
    ['{ type: integer, exclusiveMinimum: 6, exclusiveMaximum: 8 }', 7],
    ['{ type: integer, minimum: 6, exclusiveMinimum: true, maximum: 7 }', 7],
    ['{ type: number, multipleOf: 10, minimum: 11, maximum: 29 }', 20],
    ['{ type: integer, maximum: -5, minimum: -5 }', -5],
    ['{ type: string, maxLength: 3 }', 'exa'],
    ['{ type: string, format: uuid }', '{{uuid}}'],
    ['{ type: string, format: ipv4 }', '192.0.2.1'],
    ['{ type: array, items: { const: 1 }, minItems: 3 }', [1, 1, 1]],
    ['{ type: array, items: { const: 1 }, maxItems: 0 }', []],
    ['{ type: object, required: [a], properties: { a: { const: 1 }, b: { const: 2 } } }', { a: 1 }],
    ['{ type: object, properties: { a: { const: 1 }, b: { const: 2, readOnly: true } } }', { a: 1 }],
    [
      '{ allOf: [{ required: [a], properties: { a: { const: 1 } } }, { required: [b], properties: { b: { const: 2 } } }] }',
      { a: 1, b: 2 },
    ],
    ['{ oneOf: [{ type: "null" }, { const: 3 }] }', 3],
    ['{ type: string, example: "{{x}}" }', '{ {x}}'],
  ])('%s gives %j', (schema, value) => {
    expect(exampleFor(schema)).toEqual(value);
  });

  it.each([
    ['{ type: string, minLength: 30 }', /^.{30,}$/],
    ['{ type: string, pattern: "^[A-Z]{2}-\\\\d{4}$" }', /^[A-Z]{2}-\d{4}$/],
    ['{ type: string, format: email }', /^person\{\{int\}\}@example\.com$/],
    ['{ type: string, format: date }', /^2026-\d\d-\d\d$/],
  ])('%s gives what fits', (schema, pattern) => {
    expect(exampleFor(schema)).toMatch(pattern);
  });

  it('end where a schema stands within itself', () => {
    const circle = api(
      '  /x:\n    post: { requestBody: { content: { application/json: { schema: { $ref: "#/components/schemas/Node" } } } } }\ncomponents: { schemas: { Node: { type: object, required: [next, all, v], properties: { v: { const: 1 }, next: { $ref: "#/components/schemas/Node" }, all: { type: array, items: { $ref: "#/components/schemas/Node" } } } } } }',
    );
    expect(requestsOf(read(fromOpenapi(circle))).map(bodyOf)).toEqual(['{"v":1,"all":[]}']);
  });

  it('are the same each time', () => {
    expect(fromOpenapi(api(pets))).toBe(fromOpenapi(api(pets)));
  });

  it('stand where a parameter says, in its style; only what is required', () => {
    const yaml = fromOpenapi(
      api(`  /x/{a}/{b}:
    get:
      parameters:
        - { name: a, in: path, required: true, schema: { type: string, example: "x/y z" } }
        - { name: b, in: path, required: true, schema: { type: array, items: { const: 1 }, minItems: 2 } }
        - { name: list, in: query, required: true, schema: { type: array, items: { const: 1 }, minItems: 2 } }
        - { name: joined, in: query, required: true, explode: false, schema: { type: array, items: { const: 1 }, minItems: 2 } }
        - { name: deep, in: query, required: true, style: deepObject, schema: { type: object, properties: { k: { const: v } } } }
        - { name: optional, in: query, schema: { type: string } }
        - { name: X-Tenant, in: header, required: true, schema: { type: string, example: t1 } }
        - { name: c, in: cookie, required: true, schema: { type: string, example: c1 } }
      responses: { default: {} }`),
    );
    const [step] = requestsOf(read(yaml));
    expect(step?.path.parts.join('')).toBe('/v1/x/x%2Fy%20z/1%2C1?list=1&list=1&joined=1%2C1&deep%5Bk%5D=v');
    expect([headerOf(step as never, 'x-tenant'), headerOf(step as never, 'cookie'), step?.expect]).toEqual([
      't1',
      'c=c1',
      undefined,
    ]);
  });

  it('make forms and parts, and a file that is missing is told', () => {
    const schema =
      '{ type: object, required: [a, photo], properties: { a: { const: "1" }, photo: { type: string, format: binary } } }';
    const yaml = fromOpenapi(
      api(
        `  /f:\n    post: { requestBody: { content: { application/x-www-form-urlencoded: { schema: ${schema} } } } }\n  /m:\n    post: { requestBody: { content: { multipart/form-data: { schema: ${schema} } } } }`,
      ),
    );
    expect(requestsOf(read(yaml)).map(bodyOf)).toEqual(['a=1&photo=example', 'a=1']);
    expect(yaml).toContain('into multipart "photo": { file: NAME }');
  });
});

describe('credentials', () => {
  const secured = (scheme: string, operation = ''): string =>
    fromOpenapi(
      api(
        `  /x:\n    get: { responses: { "200": {} }${operation} }\ncomponents: { securitySchemes: { way: ${scheme} } }`,
        'security: [{ way: [] }]',
      ),
    );

  it.each([
    ['{ type: http, scheme: bearer }', 'Bearer <WAY>'],
    ['{ type: oauth2, flows: {} }', 'Bearer <WAY>'],
    ['{ type: http, scheme: basic }', '<WAY_USER>:<WAY_PASSWORD>'],
    ['{ type: http, scheme: digest }', '<WAY>'],
  ])('by %s are in the header authorization', (scheme, value) => {
    expect(headerOf(requestsOf(read(secured(scheme)))[0] as never, 'authorization')).toBe(value);
  });

  it('by a key are where it says', () => {
    const step = (place: string): never =>
      requestsOf(read(secured(`{ type: apiKey, in: ${place}, name: x-key }`)))[0] as never;
    expect(headerOf(step('header'), 'x-key')).toBe('<WAY>');
    expect(headerOf(step('cookie'), 'cookie')).toBe('x-key=<WAY>');
    expect((step('query') as ReturnType<typeof requestsOf>[number]).path.parts.join('')).toBe(
      '/v1/x?x-key=%3CWAY%3E',
    );
  });

  it('are listed on top, and left out where an operation needs none', () => {
    expect(secured('{ type: http, scheme: bearer }')).toContain(
      '#   WAY: a bearer token of the security scheme way',
    );
    expect(
      headerOf(
        requestsOf(read(secured('{ type: http, scheme: bearer }', ', security: []')))[0] as never,
        'authorization',
      ),
    ).toBeUndefined();
  });
});

describe('what is refused', () => {
  it.each<[string, unknown, RegExp]>([
    ['Swagger 2', { swagger: '2.0', paths: {} }, /^swagger is Swagger 2\.0; convert it/],
    ['no version', { paths: {} }, /^openapi is missing/],
    ['a number for a version', { openapi: 3.1 }, /^openapi must be a version like 3\.1\.0, in quotes/],
    ['no operations', { openapi: '3.0.0', paths: {} }, /^paths holds no operations$/],
    ['only what deletes', api('  /x:\n    delete: {}'), /^paths holds only operations that delete/],
    ['a tag that is not there', undefined, /^ has no operation with the tag x; its tags are pets, visits$/],
    [
      'references to nowhere and to other documents, all at once',
      api('  /x:\n    get: { parameters: [{ $ref: "#/nowhere" }, { $ref: "other.yaml#/x" }] }'),
      /^paths\.\/x\.get\.parameters\.0 refers to #\/nowhere, which is not there\npaths\.\/x\.get\.parameters\.1 refers to other\.yaml#\/x, which is another document/,
    ],
    [
      'references in a circle',
      api('  /x:\n    $ref: "#/paths/~1y"\n  /y:\n    $ref: "#/paths/~1x"'),
      /refers to itself by way of others/,
    ],
  ])('%s', (_, value, message) => {
    expect(value === undefined ? fromOpenapi(api(pets), { tags: ['x'] }) : fromOpenapi(value)).toMatch(
      message,
    );
  });
});
