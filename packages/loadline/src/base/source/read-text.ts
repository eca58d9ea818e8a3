import { readJson } from './json-source.ts';
import type { Source } from './source.ts';
import { readYaml } from './yaml-source.ts';

/** The text of a file: JSON where its name ends so, and YAML otherwise, of which JSON is a part. */
export function readText(path: string, text: string): Source {
  return path.toLowerCase().endsWith('.json') ? readJson(text) : readYaml(text);
}
