import { readdirSync, readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { keys } from '../../../src/load/file/grammar/keys.ts';
import { root } from '../../checkout.ts';
import { exampleFile } from './files.ts';

interface Shape {
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly anyOf?: readonly Shape[];
}

const schema = JSON.parse(
  readFileSync(new URL('../../../schemas/scenario.schema.json', import.meta.url), 'utf8'),
) as Shape & { readonly $defs: Readonly<Record<string, Shape>> };
// A format alone constrains nothing that a test would miss.
const validate = new Ajv2020({ allErrors: true, strict: false, formats: { regex: true } }).compile(schema);

/** Where a file does not follow the schema. */
function problemsOf(yaml: string): string[] {
  validate(parseYaml(yaml));
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

/** The keys of a place in the schema; some are one of several shapes there. */
function keysInSchema(place: string): string[] {
  const shape = place === 'file' ? schema : schema.$defs[place];
  const properties = shape?.properties ?? shape?.anyOf?.find((each) => each.properties)?.properties;
  return Object.keys(properties ?? {});
}

describe('scenario.schema.json', () => {
  const places = Object.keys(keys).filter((place) => place !== 'verbs' && place !== 'bodies');

  it.each(places)('knows every key of %s, and no other', (place) => {
    expect(keysInSchema(place).toSorted()).toEqual([...keys[place as keyof typeof keys]].toSorted());
  });

  it.each(places)('and the reference tells of every key of %s', (place) => {
    const reference = readFileSync(`${root}docs/reference/scenario-file.md`, 'utf8');
    const missing = keys[place as keyof typeof keys].filter(
      (key) => !new RegExp(`\\b${key}\\b`).test(reference),
    );
    expect(missing).toEqual([]);
  });

  it('has a sentence for every key whose name does not say it all', () => {
    const steps = schema.$defs.step?.properties as Record<string, { description?: string; $ref?: string }>;
    for (const [key, { description, $ref }] of Object.entries(steps))
      expect(description ?? $ref, key).toBeDefined();
  });

  const examples = ['examples/foodshare/load', 'examples/wedding/load', 'benchmarks/load'].flatMap((folder) =>
    readdirSync(`${root}${folder}`)
      .filter((name) => name.endsWith('.yaml'))
      .map((name) => `${folder}/${name}`),
  );

  it.each(examples)('accepts %s', (path) => {
    expect(problemsOf(readFileSync(`${root}${path}`, 'utf8'))).toEqual([]);
  });

  it('accepts a file with every workload', () => {
    expect(problemsOf(exampleFile)).toEqual([]);
    expect(problemsOf(everything)).toEqual([]);
  });

  it.each<[string, string]>([
    ['scenarios', '{}'],
    ['an unknown key', `${exampleFile}tagret: x\n`],
    ['a duration without a unit', exampleFile.replace('2m }', '2 }')],
    ['a rate without a unit', exampleFile.replace('50/s', '50')],
    ['two verbs', exampleFile.replace('- get:', '- post: /x\n        get:')],
    ['a path without a slash', exampleFile.replace('/api/food/', 'api/food/')],
    ['a pause with more', exampleFile.replace('- think:', '- name: x\n        think:')],
    ['two bodies', exampleFile.replace('expect:', 'json: {}\n        body: x\n        expect:')],
    ['an unknown pick', exampleFile.replace('pick: each', 'pick: eech')],
    ['a status that is none', exampleFile.replace('[200, 409]', '[99]')],
    ['a stage of two kinds', exampleFile.replace('- hold: {', '- ramp: {}\n    hold: {')],
    ['users and a rate', exampleFile.replace('hold: { for', 'hold: { users: 1, rate: 1/s, for')],
    ['a session step of two kinds', exampleFile.replace('- get:', '- connect: /x\n        get:')],
    ['a connect with a body', exampleFile.replace('- get:', '- connect: /x\n        json: {}\n      - get:')],
    ['a request over events', exampleFile.replace('name: discovery', 'as: events')],
    ['an answer of a request', exampleFile.replace('name: discovery', 'await: {}')],
    ['a limit without a wait', exampleFile.replace('- get:', '- { send: x, within: 1s }\n      - get:')],
    ['an unknown match', exampleFile.replace('- get:', '- receive: { has: x }\n      - get:')],
    ['a farewell that is none', exampleFile.replace('- get:', '- disconnect: false\n      - get:')],
    ['an unknown metric', exampleFile.replace('latency: [p95', 'latncy: [p95')],
    [
      'a weight beside a load',
      exampleFile.replace('weight: 20', 'weight: 20\n    load: [{ hold: { for: 1s } }]'),
    ],
  ])('refuses %s', (_, yaml) => {
    expect(problemsOf(yaml)).not.toEqual([]);
  });
});

const everything = `# yaml-language-server: $schema=../schemas/scenario.schema.json
name: everything
target: "http://{{$env.HOST}}:8080"
seed: 7
limits: { request_timeout: 2s, users_max: 10 }
headers: { accept-language: de }
auth: { bearer: "{{$env.TOKEN}}" }
data:
  person: { file: people.jsonl, pick: once }
scenarios:
  shop:
    weight: 3
    auth: { basic: { user: "{{person.name}}", password: "{{$env.PASSWORD}}" } }
    steps:
      - pace: { normal: { mean: 3s, deviation: 1s } }
      - { get: /items, query: { q: soup, n: 5, tag: [a, b] }, auth: none, redirects: 0, timeout: 1s }
      - repeat:
          times: { from: 0, to: 3 }
          steps:
            - { post: /form, form: { a: 1, b: "{{person.name}}" }, save: { sid: { cookie: session } } }
            - think: { exponential: 2s }
      - choose:
          - weight: 1.5
            steps:
              - post: /photos
                multipart: { title: Us, photo: { file: us.jpg, type: image/jpeg, name: a.jpg } }
                check: { header: { etag: exists }, body: { contains: a, matches: "b+" } }
          - { weight: 2, steps: [] }
  prices:
    steps:
      - { connect: /prices, query: { of: soup }, headers: { sec-websocket-protocol: a }, timeout: 2s, name: hello }
      - { send: { id: "{{$uuid}}" }, await: { json: { /ok: true } }, within: 1s, save: { id: { json: /id } } }
      - { send: "bye {{id}}" }
      - { receive: {}, name: any }
      - { receive: { contains: "{{id}}", matches: "^a" }, within: 3s, check: { body: { contains: a } } }
      - { disconnect: true }
      - { connect: /news, as: events }
      - { receive: { event: price } }
  sync:
    load: [{ iterations: { users: 2, each: 5, within: 10m } }]
    script: sync.ts
load:
  - arrivals: { rate: 5/s, for: 10s, spacing: poisson }
  - step: { users: { from: 10, to: 100, by: 10, every: 30s } }
  - step: { rate: { from: 1/s, to: 5/s, by: 1/s, every: 30s } }
  - spike: { users: 50, over: 1s, for: 1m, back: 2s }
  - hold: { for: 0.5s }
thresholds:
  latency: [{ expect: p95 < 1s, abort: true, grace: 30s }, p99 < 2s]
  shop.errors: ratio < 1%
tests:
  one: { load: [{ ramp: { rate: 5/s, over: 1m } }], weights: { shop: 1 }, thresholds: { checks: count < 5 } }
`;
