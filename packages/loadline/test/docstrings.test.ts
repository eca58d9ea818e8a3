import { describe, expect, it } from 'vitest';
import { readDoors, readSources } from './checkout.ts';
import { unexplainedNames } from './docstrings.ts';

describe('what the packages let out', () => {
  it('comes through the doors of every room, and of the other packages', () => {
    expect(readDoors()).toEqual(
      expect.arrayContaining([
        'packages/loadline/src/base/index.ts',
        'packages/loadline/src/metrics/exporters/index.ts',
        'packages/local-stack/src/index.ts',
        'apps/control-plane/src/contract/index.ts',
      ]),
    );
  });

  it('has a docstring, name by name', () => {
    expect(unexplainedNames(readDoors(), readSources())).toEqual([]);
  });
});

describe('unexplainedNames()', () => {
  it.each([
    'function a(): void {}',
    'async function a(): Promise<void> {}',
    'const a = 1;',
    'class a {}',
    'abstract class a {}',
    'interface a {}',
    'type a = string;',
  ])('asks for a docstring above `export %s`', (declaration) => {
    expect(unexplained({ 'file.ts': `export ${declaration}` })).toEqual(['room/file.ts: a']);
    expect(unexplained({ 'file.ts': `/** What it is for. */\nexport ${declaration}` })).toEqual([]);
  });

  it('takes a docstring of several lines', () => {
    expect(
      unexplained({ 'file.ts': '/**\n * What it is for.\n *\n * @throws A\n */\nexport const a = 1;' }),
    ).toEqual([]);
  });

  it('takes no other comment, and not what stands above something else', () => {
    const comments = ['/* a */\n', '// a\n', '/** The file. */\n\n', '/** b */\nexport const b = 2;\n'];
    for (const comment of comments)
      expect(unexplained({ 'file.ts': `${comment}export const a = 1;` })).toEqual(['room/file.ts: a']);
  });

  it('leaves alone what no door lets out', () => {
    expect(unexplained({ 'file.ts': '/** a */\nexport const a = 1;\nexport const b = 2;' })).toEqual([]);
  });

  it('looks where the name is declared, under whichever name it is let out', () => {
    const files = {
      'file.ts': "export { b as a, type C } from './folder/file.ts';",
      'folder/file.ts': 'export const b = 1;',
    };
    expect(unexplained(files)).toEqual(['room/folder/file.ts: b']);
    expect(unexplained({ ...files, 'folder/file.ts': '/** b */\nexport const b = 1;' })).toEqual([]);
  });
});

/** What is unexplained in a room that lets `a` out of these files, of which `file.ts` stands behind the door. */
function unexplained(files: Readonly<Record<string, string>>): string[] {
  const sources = Object.entries({ 'index.ts': "export { a } from './file.ts';", ...files });
  return unexplainedNames(
    ['room/index.ts'],
    sources.map(([path, text]) => ({ path: `room/${path}`, text })),
  );
}
