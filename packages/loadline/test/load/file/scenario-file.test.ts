import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { readYaml } from '../../../src/base/source/index.ts';
import { exampleFile, peopleFile, plain, readPlan, refusal } from './files.ts';

const people = { 'people.csv': peopleFile };

describe("the design's example", () => {
  it('parses as it stands', async () => {
    const plan = await readPlan(exampleFile, {}, people);
    expect(plan).toMatchObject({
      name: 'load',
      target: 'http://127.0.0.1:8080',
      seed: 1,
      limits: { requestTimeoutMs: 10_000, usersMax: 200, gracefulStopMs: 11_000 },
      stages: [
        { kind: 'users', from: 0, to: 200, durationMs: 30_000 },
        { kind: 'users', from: 200, to: 200, durationMs: 120_000 },
        { kind: 'arrivals', from: 50, to: 50, durationMs: 60_000 },
      ],
    });
    expect(plan.scenarios.map(({ name, weight }) => [name, weight])).toEqual([
      ['browse', 60],
      ['claim', 20],
    ]);
    expect(plan.thresholds.map(({ text }) => text)).toEqual([
      'latency: p95 < 200ms',
      'claim.latency: p99 < 500ms',
      'errors: ratio < 0.1%',
    ]);
    expect(plan.data[0]).toMatchObject({
      name: 'person',
      pick: 'each',
      table: { columns: ['lat', 'lon', 'token'], rowCount: 200 },
    });
    const [discovery, pause] = plan.scenarios[0]?.steps ?? [];
    expect(pause).toEqual({ kind: 'think', think: { kind: 'uniform', fromMs: 1000, toMs: 5000 } });
    expect(discovery).toMatchObject({
      name: 'discovery',
      method: 'GET',
      checks: [
        { kind: 'status', statuses: [200] },
        { kind: 'json', name: '/items exists' },
      ],
      saves: [{ name: 'foodId', from: { kind: 'json', pointer: ['items', '0', 'id'] } }],
    });
    expect(plan.scenarios[1]?.steps[0]).toMatchObject({
      name: 'POST /api/food/{{foodId}}/claim',
      expect: [200, 409],
    });
  });

  it('is the first example of the reference, each of whose examples is YAML', async () => {
    const reference = await readFile(
      new URL('../../../../../docs/reference/scenario-file.md', import.meta.url),
      'utf8',
    );
    const examples = [...reference.matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml]) => yaml as string);
    expect(plain(await readPlan(examples[0] as string, {}, people))).toEqual(
      plain(await readPlan(exampleFile, {}, people)),
    );
    for (const yaml of examples) expect(readYaml(yaml).problems).toEqual([]);
  });

  it('means the same with Windows line ends and a byte-order mark', async () => {
    const plan = await readPlan(
      `\uFEFF${exampleFile.replaceAll('\n', '\r\n')}`,
      {},
      { 'people.csv': `\uFEFF${peopleFile}` },
    );
    expect(plain(plan)).toEqual(plain(await readPlan(exampleFile, {}, people)));
  });
});

const base = `target: http://127.0.0.1:1
scenarios:
  visit:
    steps:
      - get: /
load:
  - hold: { users: 1, for: 1s }
`;

/** The base with the first line that holds `old` replaced. */
function changed(old: string, text: string): string {
  const lines = base.split('\n');
  const at = lines.findIndex((line) => line.includes(old));
  if (at < 0) throw new Error(`no line has ${old}`);
  lines[at] = (lines[at] as string).replace(old, text);
  return lines.join('\n');
}

describe('a wrong key or value', () => {
  it.each<[string, string, string | RegExp]>([
    ['target:', 'tagret:', 'line 1, tagret is not known; did you mean target?'],
    [
      'target: http://127.0.0.1:1',
      'target: 80',
      'line 1, target must be a text, got 80; in quotes it is one',
    ],
    ['target: http://127.0.0.1:1', 'seed: -1', 'line 1, seed must be a whole number at least 0, got -1'],
    [
      'target: http://127.0.0.1:1',
      'limits: { request_timeout: 300 }',
      /^line 1, limits\.request_timeout must be a duration with a unit.*got 300$/,
    ],
    [
      'target: http://127.0.0.1:1',
      'limits: { users_max: 0 }',
      /^line 1, limits\.users_max must be a whole number at least 1 .*got 0$/,
    ],
    [
      'target: http://127.0.0.1:1',
      'limits: { timeout: 1s }',
      /^line 1, limits\.timeout is not known; known here: request_timeout, users_max$/,
    ],
    ['scenarios:', 'scenarois:', /^line 2, scenarois is not known; did you mean scenarios\?$/],
    [
      '  visit:',
      '  visit:\n    weight: -1',
      'line 4, scenarios.visit.weight must be a number at least 0, got -1',
    ],
    [
      '  visit:',
      '  visit:\n    weight: "60"',
      'line 4, scenarios.visit.weight must be a number at least 0, got "60"',
    ],
    ['    steps:', '    step:', 'line 4, scenarios.visit.step is not known; did you mean steps?'],
    ['- get: /', '- gte: /', 'line 5, scenarios.visit.steps[0].gte is not known; did you mean get?'],
    [
      '- get: /',
      '- get: food',
      'line 5, scenarios.visit.steps[0].get must begin with a slash, as in /api/food',
    ],
    ['- get: /', '- get: http://else.where/', /^line 5, .*get must begin with a slash/],
    ['- get: /', '- { get: /, post: / }', /^line 5, scenarios\.visit\.steps\[0\] must be one of get, head,/],
    ['- get: /', '- { name: x }', /^line 5, scenarios\.visit\.steps\[0\] must be one of get, head,/],
    ['- get: /', '- just text', /^line 5, scenarios\.visit\.steps\[0\] must be a map/],
    ['- get: /', '- think: 1s', 'line 4, scenarios.visit.steps needs at least one request, like `- get: /`'],
    [
      '- get: /',
      '- { think: 1s, expect: 200 }\n      - get: /',
      /^line 5, .* is a pause, which has no expect; write a step of its own$/,
    ],
    ['- get: /', '- think: 5\n      - get: /', /^line 5, .*think must be a duration with a unit/],
    [
      '- get: /',
      '- think: { from: 5s, to: 1s }\n      - get: /',
      /^line 5, .*think must have to at or after from$/,
    ],
    [
      '- get: /',
      '- think: { from: 5s }\n      - get: /',
      /^line 5, .*think\.to must be a duration .*got nothing$/,
    ],
    [
      '- get: /',
      '- think: { from: 1s, to: 2s, normal: { mean: 1s, deviation: 1s } }\n      - get: /',
      /^line 5, .*think must be one of from with to, normal and exponential$/,
    ],
    [
      '- get: /',
      '- { get: /, expect: 99 }',
      /^line 5, .*expect must be a whole number at least 100 and at most 599, got 99$/,
    ],
    ['- get: /', '- { get: /, expect: [] }', /^line 5, .*expect must not be empty$/],
    [
      '- get: /',
      '- { post: /, json: {}, body: x }',
      /^line 5, .*body stands beside json; a request has one body$/,
    ],
    ['- get: /', '- { get: /, headers: { "a b": x } }', /^line 5, .*headers\.a b is no header name$/],
    ['- get: /', '- { get: /, headers: { Content-Length: "5" } }', /^line 5, .*is set by Loadline itself$/],
    [
      '- get: /',
      '- { get: /, headers: { x: 5 } }',
      /^line 5, .*headers\.x must be a text, got 5; in quotes it is one$/,
    ],
    [
      '- get: /',
      '- { get: /, check: { json: { items: exists } } }',
      /^line 5, .*must be under a JSON pointer, as in \/items\/0\/id$/,
    ],
    [
      '- get: /',
      '- { get: /, check: { json: { /a: [1] } } }',
      /^line 5, .*must be exists, or a text, a number, true, false or null$/,
    ],
    [
      '- get: /',
      '- { get: /, check: { body: hello } }',
      /^line 5, .*check\.body must be a map with contains, matches, got "hello"$/,
    ],
    [
      '- get: /',
      '- { get: /, save: { 1x: { json: /id } } }',
      /^line 5, .*save\.1x must be a name of letters, digits and _$/,
    ],
    ['- get: /', '- { get: /, save: { x: { json: id } } }', /^line 5, .*json must be a JSON pointer/],
    [
      '- get: /',
      '- { get: /, save: { x: { match: "(" } } }',
      /^line 5, .*match must be a regular expression: /,
    ],
    [
      '- get: /',
      '- { get: /, save: { x: { json: /a, header: b } } }',
      /^line 5, .*must be one of json, header, cookie and match/,
    ],
    [
      '- get: /',
      '- { get: /, save: { x: { header: b, random_of: /a } } }',
      /^line 5, .*random_of goes with json/,
    ],
    ['- get: /', '- get: /{{foodId}}', /^line 5, .*uses \{\{foodId\}\}, which no step saves$/],
    [
      '- get: /',
      '- { get: "/{{foodID}}", save: { foodId: { json: /id } } }',
      /which no step saves; did you mean foodId\?$/,
    ],
    ['- get: /', '- get: /{{person.lat}}', /^line 5, .*uses \{\{person\.lat\}\}, but data has no person$/],
    ['- get: /', '- get: /{{a', /^line 5, .*has "\{\{" without "\}\}" in "\{\{a"$/],
    [
      '- get: /',
      '- { post: /, json: { n: "{{$int(2,1)}}" } }',
      /^line 5, .*\$int takes two whole numbers, the smaller first/,
    ],
    ['load:', 'laod:', /^line 1, \(root\) has no load; add `load:`/],
    [
      '- hold: { users: 1, for: 1s }',
      '- hold: { users: 1 }',
      'line 7, load[0].hold.for must be a duration with a unit, like 250ms, 30s or 2m, got nothing',
    ],
    [
      '- hold: { users: 1, for: 1s }',
      '- hold: { users: 1.5, for: 1s }',
      /^line 7, load\[0\]\.hold\.users must be a whole number .*got 1\.5$/,
    ],
    [
      '- hold: { users: 1, for: 1s }',
      '- hold: { users: 1, for: 0 }',
      'line 7, load[0].hold.for must be longer than 0ms, got 0',
    ],
    [
      '- hold: { users: 1, for: 1s }',
      '- hold: { users: 1, rate: 5/s, for: 1s }',
      'line 7, load[0].hold must have either users or rate, not both',
    ],
    [
      '- hold: { users: 1, for: 1s }',
      '- hold: { for: 1s }',
      'line 6, load makes no load: every stage has 0 users and a rate of 0',
    ],
    [
      '- hold: { users: 1, for: 1s }',
      '- arrivals: { rate: 50, for: 1s }',
      'line 7, load[0].arrivals.rate must be a rate with its unit, like 50/s or 3000/m, got 50',
    ],
    [
      '- hold: { users: 1, for: 1s }',
      '- arrivals: { rate: 9999999/s, for: 1s }',
      'line 7, load[0].arrivals.rate must be at most 1000000/s, got 9999999/s',
    ],
    [
      '- hold: { users: 1, for: 1s }',
      '- ramp: { over: 1s }',
      /^line 7, load\[0\]\.ramp needs the level at which it ends: users: 200 or rate: 50\/s$/,
    ],
    [
      '- hold: { users: 1, for: 1s }',
      '- { hold: {}, ramp: {} }',
      /^line 7, load\[0\] must be one of ramp, hold, arrivals, step, spike, iterations, as in /,
    ],
    ['- hold: { users: 1, for: 1s }', '[]', /^line 6, load must not be empty$/],
    [
      'load:',
      'thresholds: { latncy: p95 < 1s }\nload:',
      /^line 6, thresholds\.latncy must end in one of latency, service,/,
    ],
    [
      'load:',
      'thresholds: { latency: p95 < 1 }\nload:',
      /^line 6, thresholds\.latency has the limit "1", which must read like/,
    ],
    [
      'load:',
      'thresholds: { latency: [p95 < 1s, p999 < 1s] }\nload:',
      /^line 6, thresholds\.latency\[1\] knows no "p999" of latency/,
    ],
    [
      'load:',
      'thresholds: { vist.latency: p95 < 1s }\nload:',
      /^line 6, .*names no scenario or step: "vist"; did you mean visit\?$/,
    ],
    [
      'load:',
      'thresholds: { visit.dropped: count < 1 }\nload:',
      /^line 6, .*is known for the whole run only/,
    ],
    [
      'load:',
      'data: { p: { file: gone.csv } }\nload:',
      /^line 6, data\.p\.file names a file that cannot be read: .*gone\.csv: there is no such file$/,
    ],
    [
      'load:',
      'data: { p: { file: people.csv, pick: eech } }\nload:',
      /^line 6, data\.p\.pick must be one of each, sequential, random, once, got "eech"; did you mean each\?$/,
    ],
    ['load:', 'data: { p: { pick: each } }\nload:', /^line 6, data\.p\.file must be a text, got nothing$/],
    [
      'load:',
      'data: { p: { file: empty.csv } }\nload:',
      /^line 6, data\.p\.file is empty; it needs a line of column names$/,
    ],
    [
      'load:',
      'data: { p: { file: bare.csv } }\nload:',
      /^line 6, data\.p\.file has column names, but no rows$/,
    ],
    ['load:', 'data: { p: { file: twice.csv } }\nload:', /^line 6, data\.p\.file has two columns named "a"$/],
    [
      'load:',
      'data: { p: { file: ragged.csv } }\nload:',
      /^line 6, data\.p\.file has a row of one value for its 2 columns, at line 2$/,
    ],
    [
      'load:',
      'tests: { quick: { load: [], weights: { vist: 1 } } }\nload:',
      /names no scenario: "vist"; did you mean visit\?$/,
    ],
  ])('%j as %j', async (old, text, problem) => {
    const beside = {
      ...people,
      'empty.csv': '',
      'bare.csv': 'a,b\n',
      'twice.csv': 'a,a\n1,2\n',
      'ragged.csv': 'a,b\n1\n',
    };
    const { code, problems } = await refusal(changed(old, text), {}, beside);
    expect(code).toBe('LOAD_FILE_INVALID');
    expect(problems).toContainEqual(typeof problem === 'string' ? problem : expect.stringMatching(problem));
  });

  it('is told together with all the others, in the order of their lines', async () => {
    const yaml = `tagret: http://127.0.0.1:1
data:
  person: { file: people.csv, pick: eech }
scenarios:
  visit:
    weigth: 3
    steps:
      - get: /{{person.age}}
      - psot: /x
load:
  - hold: { users: many, for: 1s }
thresholds:
  latency: [p95 < 200]
`;
    const { problems } = await refusal(yaml, {}, people);
    expect(problems).toEqual([
      'line 1, tagret is not known; did you mean target?',
      'line 3, data.person.pick must be one of each, sequential, random, once, got "eech"; did you mean each?',
      'line 6, scenarios.visit.weigth is not known; did you mean weight?',
      'line 8, scenarios.visit.steps[0].get uses {{person.age}}, but person has the columns lat, lon, token',
      'line 9, scenarios.visit.steps[1].psot is not known; did you mean post?',
      'line 11, load[0].hold.users must be a whole number at least 0 and at most 1000000, got "many"',
      expect.stringMatching(/^line 13, thresholds\.latency\[0\] has the limit "200"/),
    ]);
  });

  it('says nothing of a secret that stands beside it', async () => {
    const yaml = changed('- get: /', '- { get: /, headers: { authorization: "Bearer top-secret {{tok" } }');
    expect(JSON.stringify(await refusal(yaml))).not.toContain('top-secret');
  });

  it('is no problem where the value is allowed, if unusual', async () => {
    const yaml = changed(
      '- get: /',
      '- { post: "/x?{{$int(1,2)}}", json: null, headers: { X-A: "" }, check: {} }',
    ).replace('""', '"-"');
    await expect(readPlan(yaml)).resolves.toMatchObject({ scenarios: [{ name: 'visit' }] });
  });
});
