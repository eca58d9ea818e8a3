import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSecretName } from '../../../src/load/import/draft/looks.ts';
import { recordingOf } from './recordings.ts';
import { bodyOf, fromHar, fromOpenapi, headerOf, read, requestsOf } from './written.ts';

const hostile = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '',
    ' ',
    '{{',
    '}}',
    '{{a}}',
    '{{{a}}',
    '{',
    'a{',
    '# no',
    ': ',
    '- ',
    '? ',
    '&a',
    '*a',
    '!!str x',
    '|',
    '>',
    '%',
    '@',
    '`',
    "'",
    '"',
    'yes',
    'null',
    '~',
    '0x1f',
    '1e3',
    '2026-01-01',
    '<<',
    '__proto__',
    'constructor',
    '\r\n',
    'a\nb\n',
    ' \n ',
    '\t',
    '\u0000',
    '\u0085',
    '\u2028',
    '\ufeff',
    '\ud800',
    '\u{1f600}',
    '---',
    '...',
    '[1',
    '{a: b',
    'a #b',
    'a: b',
    '\\',
    '\\u007b',
    '{{$env.A}}',
    '{{$uuid}}',
  ),
);
const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.oneof(hostile, fc.integer(), fc.double(), fc.boolean(), fc.constant(null)),
    fc.array(tie('json'), { maxLength: 4 }),
    fc.dictionary(hostile, tie('json'), { maxKeys: 4 }),
  ),
}));

describe('a recording', () => {
  const named = fc.array(
    fc.record(
      {
        name: fc.oneof(
          hostile,
          fc.constantFrom('cookie', 'Authorization', 'set-cookie', 'content-type', 'location', 'x-token'),
        ),
        value: fc.oneof(
          hostile,
          fc.constantFrom('Bearer abc', 'Basic YTpi', 'a=b; c=d', '/x', 'application/json'),
        ),
      },
      { requiredKeys: [] },
    ),
    { maxLength: 4 },
  );
  const url = fc.oneof(
    fc
      .tuple(
        fc.constantFrom('http://a.test', 'https://b.test:8443', 'ws://c.test', 'data:'),
        hostile,
        hostile,
      )
      .map(([host, path, query]) => `${host}/${path}?${query}`),
    fc.constantFrom('http://a.test/x', 'http://a.test/a.png', '/relative', 'http://u:p@a.test/'),
    hostile,
  );
  const entry = fc.record(
    {
      startedDateTime: fc.oneof(
        fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
        hostile,
        fc.integer(),
      ),
      time: fc.oneof(fc.double(), hostile),
      pageref: fc.constantFrom('p1', 'p2', 3),
      _resourceType: fc.constantFrom('document', 'xhr', 'image', undefined),
      request: fc.record(
        {
          method: fc.constantFrom('GET', 'post', 'PUT', 'OPTIONS', 'TRACE', 'DELETE', 'x\ny'),
          url,
          headers: named,
          cookies: named,
          postData: fc.record(
            {
              mimeType: fc.constantFrom(
                'application/json',
                'application/x-www-form-urlencoded',
                'multipart/form-data; boundary=x',
                'text/plain',
                '',
              ),
              text: fc.oneof(
                hostile,
                json.map((value) => JSON.stringify(value)),
                fc.constant('--x\r\nContent-Disposition: form-data; name="a{{"\r\n\r\nb\r\n--x--'),
              ),
              params: named,
            },
            { requiredKeys: [] },
          ),
        },
        { requiredKeys: [] },
      ),
      response: fc.record(
        {
          status: fc.constantFrom(200, 201, 302, 304, 404, 500, 0, -1, 'x', null),
          headers: named,
          content: fc.record(
            {
              mimeType: fc.constantFrom('application/json', 'text/html', 'x'),
              encoding: fc.constantFrom('base64', undefined),
              text: fc.oneof(
                hostile,
                json.map((value) => JSON.stringify(value)),
                fc.constant('<input name="a" value="12345678">'),
              ),
            },
            { requiredKeys: [] },
          ),
        },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: [] },
  );

  it('whatever it holds is refused with its place, or written as a file that Loadline reads', () => {
    const recording = fc.record({
      log: fc.record(
        {
          creator: fc.anything(),
          pages: fc.constantFrom([{ id: 'p1', title: 'A\n# title {{' }], undefined),
          entries: fc.oneof(fc.array(entry, { maxLength: 8 }), fc.anything()),
        },
        { requiredKeys: [] },
      ),
    });
    fc.assert(
      fc.property(fc.oneof(recording, fc.anything()), fc.boolean(), (value, assets) => {
        const written = fromHar(value, { assets });
        if (written.startsWith('log')) expect(written).toMatch(/^log\.\S+ \S/);
        else expect(requestsOf(read(written)).length).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });

  it('of any JSON body is written so that the same is sent', () => {
    fc.assert(
      fc.property(json, (value) => {
        const text = JSON.stringify(value);
        const [request] = requestsOf(read(fromHar(recordingOf({ url: '/x', json: value }))));
        const sent = bodyOf(request as never);
        expect(JSON.parse(sent ?? 'null')).toEqual(JSON.parse(text));
      }),
      { numRuns: 300 },
    );
  });

  it('of any form, query and header is written so that the same is sent', () => {
    const pairs = fc.array(
      fc.tuple(
        hostile.map((text) => text.toWellFormed()),
        hostile.map((text) => text.toWellFormed()),
      ),
      { minLength: 1, maxLength: 5 },
    );
    fc.assert(
      fc.property(
        pairs,
        fc.string({ unit: fc.constantFrom(...'abcXYZ #:{}[]&*!|>\'"%@`,?-') }),
        (all, header) => {
          // What stands under a secret name is asked of the environment.
          fc.pre(!all.some(([name]) => isSecretName(name)));
          const text = new URLSearchParams(all).toString();
          const [request] = requestsOf(
            read(
              fromHar(
                recordingOf({
                  url: `/x?${text}`,
                  body: { type: 'application/x-www-form-urlencoded', text },
                  headers: { 'x-note': header },
                }),
              ),
            ),
          );
          const grouped = (from: Iterable<readonly [string, string]>): unknown =>
            new Map(
              [...Map.groupBy(from, ([name]) => name)].map(([name, each]) => [
                name,
                each.map(([, value]) => value),
              ]),
            );
          expect(grouped(new URLSearchParams(bodyOf(request as never)))).toEqual(grouped(all));
          const path = request?.path.parts.join('') ?? '';
          expect(grouped(new URL(path, 'http://a.test').searchParams)).toEqual(grouped(all));
          if (header.trim() !== '' && !header.includes('{{') && !header.endsWith('{'))
            expect(headerOf(request as never, 'x-note')).toBe(header);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('an API description', () => {
  const schema = fc.letrec<{ schema: unknown }>((tie) => ({
    schema: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.record(
        {
          type: fc.constantFrom('string', 'integer', 'number', 'boolean', 'null', ['string', 'null'], 'x', 3),
          format: fc.constantFrom('uuid', 'date', 'email', 'binary', 'x'),
          pattern: fc.oneof(hostile, fc.constantFrom('^[a-z]{3}$', '(a|b)+', '[^a]{200}', '\\p{L}')),
          minimum: fc.double(),
          maximum: fc.integer(),
          minLength: fc.integer({ max: 100 }),
          maxLength: fc.integer({ max: 100 }),
          multipleOf: fc.double(),
          example: json,
          default: json,
          enum: fc.oneof(json, fc.array(json)),
        },
        { requiredKeys: [] },
      ),
      fc.record(
        {
          type: fc.constant('object'),
          required: fc.array(fc.constantFrom('a', 'id', '__proto__')),
          properties: fc.dictionary(fc.oneof(fc.constantFrom('a', 'id', 'petId'), hostile), tie('schema'), {
            maxKeys: 4,
          }),
        },
        { requiredKeys: [] },
      ),
      fc.record(
        { type: fc.constant('array'), items: tie('schema'), minItems: fc.integer({ max: 30 }) },
        { requiredKeys: [] },
      ),
      fc.record(
        {
          allOf: fc.array(tie('schema'), { maxLength: 3 }),
          oneOf: fc.array(tie('schema'), { maxLength: 3 }),
        },
        { requiredKeys: [] },
      ),
      fc.record({
        $ref: fc.constantFrom(
          '#/components/schemas/A',
          '#/components/schemas/B',
          '#/nowhere',
          'other.yaml',
          '#',
          '#/paths',
        ),
      }),
    ),
  })).schema;
  const parameter = fc.record(
    {
      name: fc.oneof(fc.constantFrom('id', 'petId', 'q', 'x-a', 'accept'), hostile),
      in: fc.constantFrom('path', 'query', 'header', 'cookie', 'body'),
      required: fc.boolean(),
      style: fc.constantFrom('deepObject', 'pipeDelimited', undefined),
      explode: fc.boolean(),
      schema,
    },
    { requiredKeys: [] },
  );
  const media = fc.dictionary(
    fc.constantFrom(
      'application/json',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      'text/plain',
      '*/*',
      'image/png',
    ),
    fc.record({ schema, example: json }, { requiredKeys: [] }),
    { maxKeys: 2 },
  );
  const operation = fc.record(
    {
      tags: fc.array(hostile, { maxLength: 2 }),
      summary: hostile,
      parameters: fc.array(parameter, { maxLength: 3 }),
      requestBody: fc.record({ content: media }),
      responses: fc.dictionary(
        fc.constantFrom('200', '201', '302', '404', 'default', '2XX'),
        fc.record({ content: media }),
      ),
      security: fc.constantFrom([{ key: [] }], [{ basic: [] }], [{ nothing: [] }], [], undefined),
      deprecated: fc.boolean(),
    },
    { requiredKeys: [] },
  );
  const item = fc.dictionary(
    fc.constantFrom('get', 'post', 'put', 'delete', 'trace', 'parameters', '$ref'),
    operation,
    { maxKeys: 3 },
  );
  const api = fc.record(
    {
      openapi: fc.constantFrom('3.0.3', '3.1.0'),
      servers: fc.constantFrom(
        [{ url: 'https://api.test/v{v}', variables: { v: { default: '1' } } }],
        [{ url: '/base' }],
        [],
        undefined,
        'x',
      ),
      paths: fc.dictionary(
        fc.oneof(
          fc.constantFrom('/pets', '/pets/{petId}', '/pets/{petId}/{id}', '/x'),
          hostile.map((text) => `/${text}`),
        ),
        item,
        { maxKeys: 5 },
      ),
      components: fc.record({
        schemas: fc.record({ A: schema, B: schema }),
        securitySchemes: fc.constant({
          key: { type: 'apiKey', in: 'header', name: 'x-key' },
          basic: { type: 'http', scheme: 'basic' },
        }),
      }),
    },
    { requiredKeys: ['openapi', 'paths'] },
  );

  it('whatever it holds is refused with its place, or written as a file that Loadline reads', () => {
    fc.assert(
      fc.property(fc.oneof(api, fc.anything()), fc.boolean(), (value, all) => {
        const written = fromOpenapi(value, { all });
        if (written.startsWith('# Written')) expect(requestsOf(read(written)).length).toBeGreaterThan(0);
        else expect(written).toMatch(/\S/);
      }),
      { numRuns: 300 },
    );
  });
});
