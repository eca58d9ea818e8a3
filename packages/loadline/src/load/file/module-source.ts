import { pathToFileURL } from 'node:url';
import { formatPath } from '../../base/index.ts';
import type { Source } from './source.ts';

/**
 * Reads what a TypeScript or JavaScript file exports: its default export, or `config`, or else the only one
 * there is. A function named like `getWeddingLoadTestScenarios` is called for what it returns.
 *
 * @throws what the import throws: a file that is not there, a mistake in it, an error of its own.
 */
export async function readModule(path: string): Promise<Source> {
  const exported = Object.entries(await importModule(path));
  const named = (name: string): (typeof exported)[number] | undefined =>
    exported.find(([each]) => each === name);
  const only = exported.length === 1 ? exported[0] : undefined;
  const [name, value] = named('default') ?? named('config') ?? only ?? ['', undefined];
  const isGetter = typeof value === 'function' && /^get[A-Z]/.test(name);
  return {
    value: isGetter ? await (value as () => unknown)() : value,
    problems: value === undefined ? ['has neither a default export, nor one named config, nor just one'] : [],
    locate: ({ path: place, message }) => `${formatPath(place)} ${message}`,
  };
}

/** Imports a file by its path. */
export async function importModule(path: string): Promise<Readonly<Record<string, unknown>>> {
  return (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>;
}
