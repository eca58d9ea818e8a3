import { formatPath } from '../../base/index.ts';
import type { Source } from './source.ts';
import { readYaml } from './yaml-source.ts';

/** Reads JSON. It is YAML too, which knows the lines. */
export function readJson(text: string): Source {
  const withoutMark = text.replace(/^\uFEFF/, '');
  const asYaml = readYaml(withoutMark);
  const locate: Source['locate'] =
    asYaml.problems.length === 0 ? asYaml.locate : ({ path, message }) => `${formatPath(path)} ${message}`;
  try {
    const value: unknown = JSON.parse(withoutMark);
    // What stands twice is no mistake to JSON, which takes the last; to whoever wrote it, it is.
    return { value, problems: asYaml.problems.filter((problem) => problem.includes('stands twice')), locate };
  } catch (error) {
    return { value: undefined, problems: [(error as Error).message], locate };
  }
}
