import { extname, resolve } from 'node:path';
import { readText, type Source } from '../../base/source/index.ts';
import { loadError } from '../errors.ts';
import { readModule } from './module-source.ts';
import { readWhole } from './read-file.ts';

const scenarioBytesMax = 5_000_000;

/**
 * Reads a scenario file by its kind: a module, JSON or YAML.
 *
 * @throws LOAD_FILE_UNREADABLE
 */
export async function readSource(path: string): Promise<Source> {
  try {
    if (isModule(path)) return await readModule(resolve(path));
    return readText(path, (await readWhole(path, scenarioBytesMax)).toString('utf8'));
  } catch (cause) {
    const message = `Cannot read ${path}: ${(cause as Error).message}.`;
    throw loadError('LOAD_FILE_UNREADABLE', message, { cause, facts: { path } });
  }
}

export function isModule(path: string): boolean {
  return ['.ts', '.mts', '.js', '.mjs'].includes(extname(path).toLowerCase());
}
