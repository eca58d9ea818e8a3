import { describe, expect, it } from 'vitest';
import { listProblems, readText, readYaml } from '../../../src/base/source/index.ts';
import { readPlan, refusal } from '../../load/file/files.ts';

describe('YAML that is none', () => {
  it.each<[string, string, RegExp]>([
    ['a tab for an indent', 'a:\n\t- b\n', /^line 2: Tabs are not allowed/],
    ['a brace that stays open', 'a: 1\nb: { c: 1\n', /^line \d: /],
    ['a quote that stays open', 'a: "x\nb: 1\n', /^line \d: Missing closing "quote$/],
    ['two documents', 'a: 1\n---\nb: 1\n', /^line 2: a second document begins here; a file holds one$/],
    ['a key that stands twice', 'a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n', /^line 5: c stands twice in its map$/],
    [
      'keys below a value',
      'a: fast\n  b: 1\n  c: { d: 1 }\n',
      /^line 1: a value stands here, and keys beside it or below it: one of the two has to go$/,
    ],
    ['an alias of nothing', 'a: *nobody\n', /^line 1: Unresolved alias .*nobody/],
    [
      'an alias inside of what it names',
      'a: &x\n  b:\n    - *x\n',
      /^line 3: \*x stands inside of what it names$/,
    ],
  ])('%s is told with its line', async (_, yaml, problem) => {
    const { code, problems } = await refusal(yaml);
    expect(code).toBe('LOAD_FILE_INVALID');
    expect(problems).toContainEqual(expect.stringMatching(problem));
  });

  it.each(['', '# nothing but a comment\n', '- a\n- b\n', 'just text', '42', 'null'])(
    '%j is no map, and is told what one holds',
    async (yaml) => {
      const { problems } = await refusal(yaml);
      expect(problems).toEqual([expect.stringMatching(/^line 1, \(root\) must be a map with name, target,/)]);
    },
  );

  it('hides nothing else that is wrong, where a key stands twice', async () => {
    const { problems } = await refusal(`target: http://a
target: ftp://b
colour: red
scenarios: { a: { steps: [ { gte: / } ] } }
load: [ { hold: { users: 1, for: 1 } } ]
`);
    expect(problems).toEqual([
      'line 2: target stands twice in its map',
      expect.stringMatching(/^line 2, target must be an address like .*, got "ftp:\/\/b"$/),
      expect.stringMatching(/^line 3, colour is not known/),
      expect.stringMatching(/^line 4, scenarios\.a\.steps\[0\]/),
      expect.stringMatching(/^line 5, load\[0\]\.hold\.for must be a duration/),
    ]);
  });

  it('that unfolds to gigabytes is refused at once', async () => {
    const letters = [...'abcdefghij'];
    const rows = letters.map((letter, index) => {
      const before = letters[index - 1];
      const items = new Array(20).fill(before === undefined ? 1 : `*${before}`).join(', ');
      return `${letter}: &${letter} [${items}]`;
    });
    const before = performance.now();
    const { problems } = await refusal(rows.join('\n'));
    expect(problems).toEqual([expect.stringMatching(/^line 1: Excessive alias count/)]);
    expect(performance.now() - before).toBeLessThan(5000);
  });

  it('that nests without end is refused instead of ending the process', async () => {
    for (const yaml of ['['.repeat(20_000), `${'{a: '.repeat(5000)}1${'}'.repeat(5000)}`]) {
      const { code, problems } = await refusal(yaml);
      expect([code, problems]).toEqual(['LOAD_FILE_INVALID', ['line 1: is nested too deep']]);
    }
  });

  it('takes no longer to be told in one line than in many', () => {
    const msFor = (yaml: string): number => {
      const before = performance.now();
      expect(readYaml(yaml).problems).toHaveLength(1);
      return performance.now() - before;
    };
    const depth = 100_000;
    expect(msFor('['.repeat(depth))).toBeLessThan(3 * msFor('[\n'.repeat(depth)));
  });
});

describe('a long file', () => {
  it('of 20,000 keys is read in linear time', () => {
    const text = Array.from({ length: 20_000 }, (_, index) => `key${index}: 1`).join('\n');
    const before = performance.now();
    expect(readYaml(text).problems).toEqual([]);
    expect(performance.now() - before).toBeLessThan(10_000);
  });

  it('with thousands of problems lists a hundred and counts the rest', async () => {
    const yaml = Array.from({ length: 3000 }, (_, index) => `key${index}: 1`).join('\n');
    const { problems } = await refusal(yaml);
    expect(problems).toHaveLength(101);
    expect(problems[100]).toMatch(/^… and 29\d\d more$/);
  });

  it('of more than five megabytes is not read at all', async () => {
    await expect(readPlan(`# ${'x'.repeat(5_000_001)}`)).rejects.toMatchObject({
      code: 'LOAD_FILE_UNREADABLE',
      message: expect.stringMatching(/the limit is 5 MB/),
    });
  });
});

describe('locate()', () => {
  const source = readYaml('a:\n  b:\n    - c: 1\n    - d: 2\n');

  it.each<[(string | number)[], number]>([
    [[], 1],
    [['a', 'b', 1, 'd'], 4],
    [['a', 'b', 0, 'missing'], 3],
    [['a', 'x', 'y'], 1],
    [['nothing'], 1],
  ])('finds %j at line %d, or where the nearest part of it stands', (path, line) => {
    expect(source.locate({ path, message: 'is wrong' })).toMatch(new RegExp(`^line ${line}, .*is wrong$`));
  });
});

describe('readText()', () => {
  it('reads JSON where the name ends so, and knows its lines', () => {
    const { value, problems, locate } = readText('policy.JSON', '{\n  "a": 1,\n  "a": 2\n}\n');
    expect(value).toEqual({ a: 2 });
    expect(problems).toEqual(['line 3: a stands twice in its map']);
    expect(locate({ path: ['a'], message: 'is wrong' })).toBe('line 3, a is wrong');
    expect(readText('policy.json', '{\n  a: 1 }').problems).toEqual([
      expect.stringMatching(/^line 2: is no JSON/),
    ]);
    expect(readText('policy.yaml', '{\n  a: 1 }').value).toEqual({ a: 1 });
  });
});

describe('listProblems()', () => {
  it('tells what is wrong with the text and with what stands in it by their lines', () => {
    const source = readYaml('a: 1\nb: 2\nb: 3\nc: 4\n');
    const of = (key: string) => ({ path: [key], message: 'is wrong' });
    expect(listProblems(source, [of('c'), of('a')])).toEqual([
      'line 1, a is wrong',
      'line 3: b stands twice in its map',
      'line 4, c is wrong',
    ]);
  });

  it('tells of a text that cannot be read nothing else', () => {
    const source = readYaml('a: [\n');
    expect(listProblems(source, [{ path: [], message: 'must be a map' }])).toEqual(source.problems);
  });
});
