import { pathToFileURL } from 'node:url';
import { formatPath } from '../../base/index.ts';
import type { Source } from '../../base/source/index.ts';
import { scenariosOfClass } from './class-scenarios.ts';
import { whyNotImported } from './module-problem.ts';

/**
 * Reads what a TypeScript or JavaScript file exports: its default export, or `config`, or else the only one
 * there is. A function named like `getWeddingLoadTestScenarios` is called for what it returns, also as a class's method.
 *
 * @throws Error for what the import throws, with its line: a file that is not there, a mistake in it, an error of its own.
 */
export async function readModule(path: string): Promise<Source> {
  const exported = Object.entries(await importModule(path));
  const named = (name: string): (typeof exported)[number] | undefined =>
    exported.find(([each]) => each === name);
  const only = exported.length === 1 ? exported[0] : undefined;
  const [name, value] = named('default') ?? named('config') ?? only ?? ['', undefined];
  const read = await readExport(name, value);
  return {
    value: 'problem' in read ? undefined : read.value,
    problems: 'problem' in read ? [read.problem] : [],
    locate: ({ path: place, message }) => `${formatPath(place)} ${message}`,
  };
}

/** Imports a file by its path. @throws Error that says at which line of it something is wrong. */
export async function importModule(path: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>;
  } catch (cause) {
    throw new Error(whyNotImported(path, cause), { cause });
  }
}

export function isClass(value: unknown): value is abstract new () => object {
  return typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value));
}

async function readExport(
  name: string,
  value: unknown,
): Promise<{ readonly value: unknown } | { readonly problem: string }> {
  if (value === undefined)
    return { problem: 'has neither a default export, nor one named config, nor just one' };
  if (isClass(value)) return scenariosOfClass(value);
  const isGetter = typeof value === 'function' && /^get[A-Z]/.test(name);
  return { value: isGetter ? await (value as () => unknown)() : value };
}
