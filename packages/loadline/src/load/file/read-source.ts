import { extname, resolve } from 'node:path';
import { loadError } from '../errors.ts';
import { readJson } from './json-source.ts';
import { readModule } from './module-source.ts';
import { readWhole } from './read-file.ts';
import type { Source } from './source.ts';
import { readYaml } from './yaml-source.ts';

const scenarioBytesMax = 5_000_000;

/**
 * Reads a scenario file by its kind: a module, JSON or YAML.
 *
 * @throws LOAD_FILE_UNREADABLE
 */
export async function readSource(path: string): Promise<Source> {
  try {
    if (isModule(path)) return await readModule(resolve(path));
    const text = (await readWhole(path, scenarioBytesMax)).toString('utf8');
    return extname(path).toLowerCase() === '.json' ? readJson(text) : readYaml(text);
  } catch (cause) {
    const message = `Cannot read ${path}: ${(cause as Error).message}.`;
    throw loadError('LOAD_FILE_UNREADABLE', message, { cause, facts: { path } });
  }
}

export function isModule(path: string): boolean {
  return ['.ts', '.mts', '.js', '.mjs'].includes(extname(path).toLowerCase());
}
