import { formatPath } from '../parse.ts';
import type { Source } from './source.ts';
import { readYaml } from './yaml-source.ts';

/** Reads JSON. It is YAML too, which knows the lines. */
export function readJson(text: string): Source {
  const withoutMark = text.replace(/^\uFEFF/, '');
  const asYaml = readYaml(withoutMark);
  const locate: Source['locate'] =
    asYaml.value !== undefined ? asYaml.locate : ({ path, message }) => `${formatPath(path)} ${message}`;
  try {
    const value: unknown = JSON.parse(withoutMark);
    // What stands twice is no mistake to JSON, which takes the last; to whoever wrote it, it is.
    return { value, problems: asYaml.problems.filter((problem) => problem.includes('stands twice')), locate };
  } catch (error) {
    return { value: undefined, problems: [mistakeOf(withoutMark, (error as Error).message)], locate };
  }
}

/** What stands where is in the message in two ways, and then not to be counted upon: it is one line of many. */
function mistakeOf(text: string, message: string): string {
  const line = text.slice(0, beginningOf(text)).split('\n').length;
  const what = message.replace(/(( in JSON)? at position \d|, (\.{3})?").*$/s, '');
  return `line ${line}: is no JSON: ${what}`;
}

/** How far a text could still become JSON, which is as far as its end is all that is wrong. By bisection. */
function beginningOf(text: string): number {
  let low = 0;
  let high = text.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (isBeginning(text.slice(0, middle))) low = middle;
    else high = middle - 1;
  }
  return low;
}

function isBeginning(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    const { message } = error as Error;
    const position = / at position (\d+)/.exec(message)?.[1];
    return message.startsWith('Unexpected end') || Number(position) === text.length;
  }
}
