import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { drawPicture, pictureIn } from '../../../tools/picture.ts';
import { readBuilding, readRooms, readSources, root } from './checkout.ts';
import { floors, storeys } from './floors.ts';
import { type Building, findViolations, importedNames, type SourceFile } from './imports.ts';

describe('the building', () => {
  it('has no import that goes up, sideways, past a door or in a circle', () => {
    expect(findViolations(readSources(), readBuilding())).toEqual([]);
  });

  it('has just the rooms of the floors', () => {
    expect(readRooms()).toEqual(floors.flat().toSorted());
  });

  it('gives every room a door that opens with a sentence', () => {
    const doors = readRooms().map((room) =>
      readFileSync(`${root}packages/loadline/src/${room}/index.ts`, 'utf8'),
    );
    for (const door of doors) expect(door).toMatch(/^\/\*\*[ \n*]+\p{Lu}[^.]+\./u);
  });

  it('gives doors nothing to do but export names', () => {
    const doors = readRooms().map((room) =>
      readFileSync(`${root}packages/loadline/src/${room}/index.ts`, 'utf8'),
    );
    for (const door of doors) {
      const code = door
        .replace(/\/\*[\s\S]*?\*\//g, '')
        .replace(/export (?:type )?\{[^}]*\}(?: from '[^']+')?;/g, '');
      expect(code.trim()).toBe('');
    }
  });

  it('has no drawer for what nobody owns', () => {
    const drawers = readSources().filter(({ path }) =>
      /(?:^|\/)(?:utils?|helpers?|common|types)(?:\/|\.ts$)/.test(path),
    );
    expect(drawers.map((file) => file.path)).toEqual([]);
  });

  it.each([
    ['pg', 'postgres'],
    ['iovalkey', 'valkey'],
    ['@grpc/grpc-js', 'scaling'],
    ['@openfeature/server-sdk', 'scaling'],
  ])('imports %s in the room %s alone', (client, room) => {
    const importers = readSources()
      .filter((file) => file.path.startsWith('packages/loadline/'))
      .filter((file) => importedNames(file.text).includes(client))
      .map((file) => file.path.split('/')[3]);
    expect(new Set(importers)).toEqual(new Set([room]));
  });

  it('judges nothing where load is made', () => {
    const makers = ['load-generator', 'flow', 'crew', 'virtual-user', 'agenda', 'program'];
    const imports = readSources()
      .filter(({ path }) => makers.some((name) => path.endsWith(`/src/load/${name}.ts`)))
      .flatMap(({ text }) => importedNames(text));
    expect(imports.length).toBeGreaterThan(makers.length);
    expect(imports.filter((name) => /threshold|report|overseer|output/.test(name))).toEqual([]);
  });

  it.each(['ARCHITECTURE.md', 'README.md'])('is drawn in %s as the floors say', (page) => {
    expect(pictureIn(readFileSync(`${root}${page}`, 'utf8'))).toBe(drawPicture(storeys));
  });
});

describe('time, chance and the environment', () => {
  /** Where the world comes in; everything else gets a clock, a random stream or a value. */
  const entrances = [
    'packages/loadline/src/base/clock.ts',
    'packages/loadline/src/cli/main.ts',
    'packages/loadline/src/cli/screen/terminal.ts',
  ];

  it('arrive as parameters everywhere in the library', () => {
    const library = readSources().filter((file) => file.path.startsWith('packages/loadline/'));
    const reads = library.filter((file) => readsTheWorld(file.text)).map((file) => file.path);
    expect(reads.filter((path) => !entrances.includes(path))).toEqual([]);
  });

  it.each([
    'const now = Date.now();',
    'new Date()',
    'Math.random()',
    'process.env.HOME',
    'performance.now()',
  ])('are found in `%s`', (text) => {
    expect(readsTheWorld(text)).toBe(true);
  });
});

function readsTheWorld(text: string): boolean {
  return /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(|\bMath\.random\(|\bprocess\.env\b/.test(text);
}

describe('findViolations()', () => {
  it('accepts imports that go down through a door', () => {
    expect(kinds({ 'load/run.ts': "import { a } from '../base/index.ts';" })).toEqual([]);
    expect(kinds({ 'load/run.ts': "import { a } from 'loadline/base';" })).toEqual([]);
  });

  it('accepts an import through the side door of a folder, where there is one', () => {
    const text = "import { a } from '../metrics/exporters/index.ts';";
    expect(kinds({ 'load/run.ts': text })).toEqual(['past a door']);
    expect(kinds({ 'load/run.ts': text, 'metrics/exporters/index.ts': '' })).toEqual([]);
  });

  it('accepts a folder that is imported from above it and imports nothing back', () => {
    expect(
      kinds({ 'load/run.ts': "import './transports/http1.ts';", 'load/transports/http1.ts': '' }),
    ).toEqual([]);
  });

  it('finds an import that goes up', () => {
    expect(kinds({ 'base/clock.ts': "import { a } from '../load/index.ts';" })).toEqual(['up']);
  });

  it('finds an import that goes up on the ground floor', () => {
    expect(kinds({ 'metrics/a.ts': "export { a } from '../postgres/index.ts';" })).toEqual(['up']);
  });

  it('finds an import that goes sideways', () => {
    expect(kinds({ 'load/run.ts': "import type { A } from '../cache/index.ts';" })).toEqual(['sideways']);
  });

  it('finds an import past a door', () => {
    expect(kinds({ 'load/run.ts': "import { a } from '../base/clock.ts';" })).toEqual(['past a door']);
    expect(kinds({ 'load/run.ts': "const a = await import('loadline/base/clock');" })).toEqual([
      'past a door',
    ]);
  });

  it('finds a room that imports its own door', () => {
    expect(kinds({ 'load/run.ts': "import { a } from './index.ts';" })).toEqual(['own door']);
  });

  it('finds a room that no floor has', () => {
    expect(kinds({ 'utils/a.ts': "import { a } from '../base/index.ts';" })).toEqual(['unknown room']);
  });

  it('finds a library that imports an app', () => {
    expect(kinds({ 'cli/a.ts': "import { a } from '@loadline/control-plane';" })).toEqual(['workspace']);
  });

  it('finds a file cycle', () => {
    const files = {
      'load/a.ts': "import './b.ts';",
      'load/b.ts': "import './c.ts';",
      'load/c.ts': "import './a.ts';",
    };
    expect(new Set(kinds(files))).toEqual(new Set(['file cycle']));
  });

  it('finds a folder cycle between files that do not import each other', () => {
    const files = {
      'load/a.ts': "import './transports/b.ts';",
      'load/transports/b.ts': '',
      'load/transports/c.ts': "import '../d.ts';",
      'load/d.ts': '',
    };
    expect(new Set(kinds(files))).toEqual(new Set(['folder cycle']));
  });
});

describe('importedNames()', () => {
  it('reads every form of import, and none in a comment', () => {
    const text = `
      import a from './a.ts';
      import type { B } from "./b.ts";
      import './c.ts';
      export * from './d.ts';
      const e = await import('./e.ts');
      new Worker(new URL('./f.ts', import.meta.url));
      // import './g.ts';
      /* import './h.ts'; */
      const url = 'http://example.org/i.ts';`;
    expect(importedNames(text)).toEqual(['./a.ts', './b.ts', './c.ts', './d.ts', './e.ts', './f.ts']);
  });
});

/** The kinds of violation in a library that holds just these files. */
function kinds(files: Readonly<Record<string, string>>): string[] {
  const sources: SourceFile[] = Object.entries(files).map(([path, text]) => ({
    path: `packages/loadline/src/${path}`,
    text,
  }));
  return findViolations(sources, planted).map((violation) => violation.kind);
}

const planted: Building = readBuilding();
