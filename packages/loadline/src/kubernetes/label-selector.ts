/**
 * What is wrong with a label selector as `kubectl --selector` takes it, so that it is told at the start and not by a server
 * later; undefined where nothing is. Understood are `name`, `!name`, `name=value` (also `==`), `name!=value`, `name in (a, b)`
 * and `name notin (a, b)`, with commas between them, all of which must hold. Pure.
 */
export function selectorProblem(text: string): string | undefined {
  if (text.trim() === '') return 'selects every pod there is: name a label';
  if (text.length > lengthMax) return `is longer than ${lengthMax} characters`;
  for (const part of partsOf(text)) {
    const { key, values } = requirementOf(part.trim()) ?? {};
    if (key === undefined || values === undefined)
      return `must be like app=shop,tier in (web,api),!canary; not understood is ${JSON.stringify(part.trim())}`;
    if (!isKey(key)) return `has ${JSON.stringify(key)}, which is no name of a label`;
    const wrong = values.find((value) => !isValue(value));
    if (wrong !== undefined) return `has ${JSON.stringify(wrong)}, which is no value of a label`;
  }
  return undefined;
}

/** It goes into the address of a request. */
const lengthMax = 1000;

/** At the commas that are not in parentheses. */
function partsOf(text: string): readonly string[] {
  return text.split(/,(?![^(]*\))/);
}

interface Requirement {
  readonly key: string;
  readonly values: readonly string[];
}

function requirementOf(part: string): Requirement | undefined {
  const set = /^(\S+)\s+(?:in|notin)\s*\(([^()]*)\)$/.exec(part);
  if (set !== null)
    return { key: set[1] as string, values: (set[2] as string).split(',').map((v) => v.trim()) };
  const equality = /^([^\s=!]+)\s*(?:==?|!=)\s*(\S*)$/.exec(part);
  if (equality !== null) return { key: equality[1] as string, values: [equality[2] as string] };
  const presence = /^!?\s*([^\s=!()]+)$/.exec(part);
  return presence === null ? undefined : { key: presence[1] as string, values: [] };
}

const namePart = /^[a-z0-9]([-\w.]{0,61}[a-z0-9])?$/i;

/** `name`, or `example.org/name`. */
function isKey(key: string): boolean {
  const [name = '', prefix, ...more] = key.split('/').toReversed();
  const isPrefix = prefix === undefined || (prefix.length <= 253 && domain.test(prefix));
  return more.length === 0 && isPrefix && namePart.test(name);
}

const domain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

function isValue(value: string): boolean {
  return value === '' || namePart.test(value);
}
