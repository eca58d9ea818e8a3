import { formatPath, type Parsed } from '../base/index.ts';
import { kubernetesError } from './errors.ts';

/**
 * What an answer was read as.
 *
 * @param what it was to be, for people: `a list of pods`.
 * @throws KUBERNETES_ANSWER_INVALID with everything that does not fit.
 */
export function acceptAnswer<Value>(what: string, parsed: Parsed<Value>): Value {
  if (parsed.ok) return parsed.value;
  const [first] = parsed.problems.map(({ path, message }) => `${formatPath(path)} ${message}`);
  throw kubernetesError(
    'KUBERNETES_ANSWER_INVALID',
    `What came for ${what} is none: ${first}${parsed.problems.length > 1 ? `, and ${parsed.problems.length - 1} more` : ''}.`,
    { facts: { problems: parsed.problems.slice(0, 20) } },
  );
}
