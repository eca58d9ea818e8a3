/** What people write into files, YAML and JSON, as values that know their lines. */
export { listProblems } from './list-problems.ts';
export { readText } from './read-text.ts';
export type { Source } from './source.ts';
export { readYaml } from './yaml-source.ts';
