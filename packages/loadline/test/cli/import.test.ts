import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCli, type Terminal } from 'loadline/cli';
import { readLoadPlan } from 'loadline/load';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recordingOf } from '../load/import/recordings.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'loadline-import-'));
  const recording = recordingOf(
    { url: '/a', at: 0 },
    { url: '/api/b', at: 5 },
    { url: '/c.png' },
    { url: 'http://other.test/x' },
  );
  await writeFile(join(folder, 'shop.har'), `\ufeff${JSON.stringify(recording)}`);
  await writeFile(join(folder, 'broken.har'), '{\n"log": {\n"password": "hunter2" "x"\n}}');
  await writeFile(
    join(folder, 'empty.har'),
    '{"log":{"entries":[{"request":{}},{"request":{"method":3,"url":"/x"}}]}}',
  );
  const description = (paths: string): string => `openapi: 3.1.0\npaths:\n${paths}`;
  await writeFile(
    join(folder, 'api.yaml'),
    description('  /x:\n    get: { tags: [one] }\n  /y:\n    delete: { tags: [two] }\n'),
  );
  await writeFile(
    join(folder, 'wrong.yaml'),
    description('  /x:\n    get:\n      parameters:\n        - $ref: "#/no"\n        - $ref: "#/way"\n'),
  );
  await writeFile(join(folder, 'slip.yaml'), 'openapi: 3.1.0\npaths: [}\n');
  await writeFile(join(folder, 'api.json'), '{"openapi":"3.1.0","paths":{"/x":{"get":{}}}}');
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs the command within this process; a name of a file stands for the one in the folder. */
async function load(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const terminal: Terminal = {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    isInteractive: false,
    width: 80,
    style: (_, text) => text,
  };
  const words = args.map((word) => (/\.(?:har|yaml|json)$/.test(word) ? join(folder, word) : word));
  const code = await runCli(['import', ...words], {
    terminal,
    env: {},
    signal: new AbortController().signal,
  });
  return { code, out, err: err.replaceAll(join(folder, '/'), '') };
}

const pathsIn = (yaml: string): string[] =>
  [...yaml.matchAll(/- (?:get|delete): (\S+)/g)].map(([, path]) => path as string);

describe('loadline import', () => {
  it('writes a scenario to standard output', async () => {
    const { code, out, err } = await load('har', 'shop.har');
    expect([code, err]).toEqual([0, '']);
    expect(pathsIn(out)).toEqual(['/a', '/api/b']);
    expect(out).toContain('- think: 5s');
  });

  it('writes over no file that somebody may have worked at, but where that is wanted', async () => {
    await writeFile(join(folder, 'mine.yaml'), 'mine');
    expect(await load('har', 'shop.har', '--out', 'mine.yaml')).toMatchObject({
      code: 2,
      err: 'CLI_OUTPUT_UNWRITABLE: Cannot write the scenario to mine.yaml: it is there already; --force replaces it.\n',
    });
    expect(await readFile(join(folder, 'mine.yaml'), 'utf8')).toBe('mine');
    expect(await load('openapi', 'api.yaml', '--out', 'mine.yaml', '--force')).toEqual({
      code: 0,
      out: '',
      err: 'The scenario is in mine.yaml.\n',
    });
    expect(await readFile(join(folder, 'mine.yaml'), 'utf8')).toContain('/x');
  });

  it('writes it to a file that Loadline reads', async () => {
    const { code, out } = await load('har', 'shop.har', '--out', 'out.yaml');
    expect([code, out]).toEqual([0, '']);
    expect((await readLoadPlan(join(folder, 'out.yaml'))).target).toBe('http://shop.test');
    expect(await readFile(join(folder, 'out.yaml'), 'utf8')).toContain('from shop.har: 2 of 4 requests');
  });

  it.each<[readonly string[], string[]]>([
    [['--assets'], ['/a', '/c.png', '/api/b']],
    [['--host', 'other'], []],
    [['--host', 'http://other.test'], ['/x']],
    [['--include', '/api/*'], ['/api/b']],
    [['--exclude', '/api/*', '--no-think'], ['/a']],
  ])('har takes %j', async (options, paths) => {
    const { code, out } = await load('har', 'shop.har', ...options);
    expect([code, pathsIn(out)]).toEqual([paths.length === 0 ? 2 : 0, paths]);
  });

  it.each<[readonly string[], string[]]>([
    [[], ['/x']],
    [['--all'], ['/x', '/y']],
    [['--all', '--tag', 'two'], ['/y']],
    [['--target', 'http://127.0.0.1:1/v2'], ['/v2/x']],
  ])('openapi takes %j', async (options, paths) => {
    expect(pathsIn((await load('openapi', 'api.yaml', ...options)).out)).toEqual(paths);
  });

  it('reads a description in JSON', async () => {
    expect(pathsIn((await load('openapi', 'api.json')).out)).toEqual(['/x']);
  });

  it.each<[string, readonly string[], RegExp]>([
    ['no kind', [], /^CLI_USAGE: Cannot import: say what the file is, har or openapi, got nothing/],
    ['another kind', ['postman', 'shop.har'], /^CLI_USAGE: .*got "postman"/],
    ['no file', ['har'], /^CLI_USAGE: .*one file is needed, got 0/],
    [
      'an option of the other kind',
      ['openapi', 'api.yaml', '--host', 'x'],
      /^CLI_USAGE: .*there is no option --host/,
    ],
    [
      'a file that is not there',
      ['har', 'nowhere.har'],
      /^LOAD_IMPORT_UNREADABLE: Cannot import nowhere\.har: there is no such file\./,
    ],
    [
      'what is no JSON, without its text',
      ['har', 'broken.har'],
      /^LOAD_IMPORT_INVALID: Cannot import broken\.har: it has a problem\.\n {2}line 3: it is no JSON: Expected ',' or '}' after property value\n$/,
    ],
    [
      'requests that are none, all at once',
      ['har', 'empty.har'],
      /it has 4 problems\.\n {2}log\.entries\[0\]\.request\.method must be .*\n {2}log\.entries\[0\]\.request\.url must .*\n {2}log\.entries\[1\]\.request\.method must .*\n {2}log\.entries\[1\]\.request\.url must be an address/,
    ],
    [
      'references to nowhere, with their lines',
      ['openapi', 'wrong.yaml'],
      /it has 2 problems\.\n {2}line 6, paths\.\/x\.get\.parameters\[0\] refers to #\/no, .*\n {2}line 7, .*#\/way/,
    ],
    [
      'a recording as a description',
      ['openapi', 'shop.har'],
      /openapi is missing; .*\. This is a recording: `loadline import har` takes it\n$/,
    ],
    [
      'a description as a recording',
      ['har', 'api.json'],
      /log\.entries is missing; .*\. This describes an API: `loadline import openapi` takes it\n$/,
    ],
    ['YAML that is none', ['openapi', 'slip.yaml'], /^LOAD_IMPORT_INVALID: .*\n {2}line 2/],
    ['a target that is none', ['openapi', 'api.yaml', '--target', 'here'], /cannot be imported for "here"/],
    [
      'a folder that is not there',
      ['har', 'shop.har', '--out', 'no/where.yaml'],
      /^CLI_OUTPUT_UNWRITABLE: Cannot write the scenario to /,
    ],
  ])('refuses %s', async (_, args, message) => {
    const { code, out, err } = await load(...args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(message);
  });
});
