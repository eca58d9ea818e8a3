import { globSync, readFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { floors, workspaceImports } from './floors.ts';
import type { Building, SourceFile } from './imports.ts';

/** The root of this checkout. */
export const root: string = fileURLToPath(new URL('../../../', import.meta.url));

/** The sources of every workspace; tests are not part of the building. */
export function readSources(): SourceFile[] {
  const pattern = '{packages,apps,examples}/*/{src,demo}/**/*.ts';
  return globSync(pattern, { cwd: root }).map((path) => ({
    path: path.split(sep).join('/'),
    text: readFileSync(`${root}${path}`, 'utf8'),
  }));
}

/** The building as it stands in this checkout. */
export function readBuilding(): Building {
  const manifests = globSync('{packages,apps,examples}/*/package.json', { cwd: root });
  const workspaceFolders = Object.fromEntries(
    manifests.map((path) => {
      const { name } = JSON.parse(readFileSync(`${root}${path}`, 'utf8')) as { name: string };
      return [name, path.split(sep).slice(0, 2).join('/')];
    }),
  );
  return { floors, workspaceFolders, workspaceImports };
}

/** The doors of all that is published: the sources behind the `exports` of each package. */
export function readDoors(): string[] {
  return globSync('{packages,apps}/*/package.json', { cwd: root }).flatMap((path) => {
    const { exports = {} } = JSON.parse(readFileSync(`${root}${path}`, 'utf8')) as {
      exports?: Readonly<Record<string, string | { readonly 'loadline-source': string }>>;
    };
    return Object.values(exports)
      .filter((each) => typeof each === 'object')
      .flatMap((each) =>
        globSync(join(dirname(path), each['loadline-source'].replace('*', '**')), { cwd: root }),
      )
      .map((door) => door.split(sep).join('/'));
  });
}

/** The rooms that stand in `packages/loadline/src`. */
export function readRooms(): string[] {
  return globSync('packages/loadline/src/*', { cwd: root })
    .map((path) => path.split(sep).at(-1) as string)
    .sort();
}
