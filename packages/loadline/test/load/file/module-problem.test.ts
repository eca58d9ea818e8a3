import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { constants, Script } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { whyNotImported } from '../../../src/load/file/module-problem.ts';

/** As Node.js itself imports: the tests' own tools put other words in its place. */
const nodeImport = new Script('(url) => import(url)', {
  importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
}).runInThisContext() as (url: string) => Promise<unknown>;

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'loadline-module-'));
  await writeFile(join(folder, 'fine.ts'), 'export const fine = 1;\n');
  await writeFile(join(folder, 'bad.ts'), 'export const ok = 1;\nexport const bad = 3 +;\n');
});

afterAll(() => rm(folder, { recursive: true }));

describe('whyNotImported()', () => {
  it.each([
    ['syntax', 'const a: number = 1;\n\nexport default 3 +;\n', 'line 3: Expression expected'],
    ['enum', '\nenum A { B }\n', 'line 2: TypeScript enum is not supported in strip-only mode'],
    [
      'file',
      "\nimport { a } from './gone.ts';\nexport default a;\n",
      'line 2: imports gone.ts, which is not there',
    ],
    [
      'package',
      "import a from 'no-such';\nexport default a;\n",
      'line 1: imports no-such, which is not installed',
    ],
    [
      'name',
      "\nimport { other } from './fine.ts';\nexport default other;\n",
      "line 2: The requested module './fine.ts' does not provide an export named 'other'",
    ],
    [
      'other',
      "import { bad } from './bad.ts';\nexport default bad;\n",
      'bad.ts, line 2: Expression expected',
    ],
    ['thrown', "\n\nthrow new Error('at import');\n", 'line 3: at import'],
    ['deep', "\nfunction read() {\n  throw new Error('x');\n}\nread();\n", 'line 3: x'],
    ['text', "throw 'a text';\n", 'a text'],
  ])('tells the line of a mistake: %s', async (name, text, reason) => {
    const path = join(folder, `${name}.ts`);
    await writeFile(path, text);
    const thrown: unknown = await nodeImport(pathToFileURL(path).href).then(undefined, (error) => error);
    expect(whyNotImported(path, thrown)).toBe(reason);
  });

  it('says of a file that is not there just that', async () => {
    const path = join(folder, 'absent.ts');
    const thrown: unknown = await nodeImport(pathToFileURL(path).href).then(undefined, (error) => error);
    expect(whyNotImported(path, thrown)).toBe('there is no such file');
  });
});
