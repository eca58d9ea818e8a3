import { createHash } from 'node:crypto';
import { prepareErrand } from 'loadline/load/agents';
import { describe, expect, it } from 'vitest';
import { readErrand } from '../../../src/load/agents/messages.ts';
import { type Folder, folderWith } from './files.ts';

const everything = `
target: "http://{{$env.STAGE}}.internal"
auth: { bearer: "{{$env.API_TOKEN}}" }
data:
  person: { file: ../data/people.csv }
  place: { file: places.jsonl }
scenarios:
  upload:
    steps:
      - repeat:
          times: 2
          steps:
            - post: /photos
              multipart: { photo: { file: photos/a.jpg }, again: { file: photos/a.jpg } }
      - post: /numbers
        json: { level: "{{$env.LEVEL as number}}" }
  browse: { script: scripts/browse.ts }
load:
  - hold: { users: 1, for: 1s }
`;

const files = {
  'tests/load.yaml': everything,
  'tests/places.jsonl': '{"a":1}\n',
  'tests/photos/a.jpg': new Uint8Array([1, 2, 3]),
  'tests/scripts/browse.ts': `import { one } from './parts/one.ts';\nexport default async () => one;\n// import './gone.ts'\n`,
  'tests/scripts/parts/one.ts': `export * from "../two.ts";\nconst more = import('./three.mjs');\nexport const one = more;`,
  'tests/scripts/parts/three.mjs': 'import "../browse.ts";',
  'tests/scripts/two.ts': 'import { defineScenario } from "loadline/load";',
  'data/people.csv': 'name\nann\n',
  'data/not-named.csv': 'x',
};

const asked = { choice: {}, allowHosts: [], protocol: {} };

async function pathsOf(folder: Folder, file: string): Promise<readonly string[]> {
  return (await prepareErrand(folder.at(file), asked)).errand.files.map(({ path }) => path);
}

describe('prepareErrand()', () => {
  it('lists every file that the scenario is read with, from the folder that holds them all', async () => {
    await using folder = await folderWith(files);
    const { errand, folder: base } = await prepareErrand(folder.at('tests/load.yaml'), asked);
    expect(base).toBe(folder.path);
    expect(errand.scenario).toBe('tests/load.yaml');
    expect(errand.files.map(({ path }) => path).toSorted()).toEqual(
      Object.keys(files)
        .filter((path) => path !== 'data/not-named.csv')
        .toSorted(),
    );
    expect(errand.files.find(({ path }) => path === 'tests/photos/a.jpg')).toEqual({
      path: 'tests/photos/a.jpg',
      bytes: 3,
      sha256: createHash('sha256')
        .update(new Uint8Array([1, 2, 3]))
        .digest('hex'),
    });
  });

  it('takes along of the environment what the file names, and nothing else', async () => {
    await using folder = await folderWith(files);
    const env = {
      STAGE: 'stage',
      API_TOKEN: 't0ken',
      LEVEL: '5',
      LOADLINE_AGENT_TOKEN: 'never',
      HOME: '/root',
    };
    const { errand } = await prepareErrand(folder.at('tests/load.yaml'), {
      choice: { env, rate: '50/s', scale: 2, seed: undefined },
      allowHosts: ['stage.internal'],
      protocol: { protocol: 'h2' },
    });
    expect(errand.env).toEqual({ STAGE: 'stage', API_TOKEN: 't0ken', LEVEL: '5' });
    expect(errand.choice).toEqual({ rate: '50/s', scale: '2' });
    expect([errand.allowHosts, errand.protocol]).toEqual([['stage.internal'], { protocol: 'h2' }]);
  });

  it('takes along what a script, or what it imports, asks of the environment', async () => {
    await using folder = await folderWith({
      'load.yaml': 'scenarios: { a: { script: a.ts } }\nload: [{ hold: { users: 1, for: 1s } }]\n',
      'a.ts':
        "import { key } from './key.ts';\nexport default async (user) => key(user) + user.env(`STAGE`);\n",
      'key.ts': "export const key = (user) => user.env('API_TOKEN');\n",
    });
    const { errand } = await prepareErrand(folder.at('load.yaml'), {
      ...asked,
      choice: { env: { API_TOKEN: 't0ken', STAGE: 'blue', HOME: '/root' } },
    });
    expect(errand.env).toEqual({ API_TOKEN: 't0ken', STAGE: 'blue' });
  });

  it('makes what an agent reads', async () => {
    await using folder = await folderWith(files);
    const { errand } = await prepareErrand(folder.at('tests/load.yaml'), asked);
    expect(readErrand(structuredClone(errand))).toEqual({
      ok: true,
      value: expect.objectContaining({ files: errand.files }),
    });
  });

  it('follows a scenario in TypeScript to what it imports', async () => {
    await using folder = await folderWith({
      'load.ts': `import { paths } from './lib/paths.ts';\nexport default async (user) => { await user.get(paths[0]); };`,
      'lib/paths.ts': 'export const paths = ["/"];',
    });
    expect(await pathsOf(folder, 'load.ts')).toEqual(['load.ts', 'lib/paths.ts']);
  });

  it('refuses a file that is named by its place on this machine', async () => {
    await using folder = await folderWith({ 'people.csv': 'name\nann\n' });
    await using scenario = await folderWith({
      'load.yaml': `data: { person: { file: ${folder.at('people.csv')} } }\nscenarios: {}\n`,
    });
    await expect(prepareErrand(scenario.at('load.yaml'), asked)).rejects.toMatchObject({
      code: 'LOAD_AGENT_FILES_UNFIT',
      message: expect.stringMatching(/it names \S+people\.csv, which is another place on another machine/),
    });
  });

  it('refuses a file that is not there', async () => {
    await using folder = await folderWith({ 'load.yaml': 'data: { person: { file: gone.csv } }\n' });
    await expect(prepareErrand(folder.at('load.yaml'), asked)).rejects.toMatchObject({
      code: 'LOAD_AGENT_FILES_UNFIT',
    });
  });
});
