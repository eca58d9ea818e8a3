import { evaluateFlag } from './evaluate-flag.ts';
import type { FlagContext } from './flag.ts';
import type { FlagSource } from './flag-source.ts';

/** Whether something may be done, now and for this context. What it stands on may change between two calls. */
export type FlagGate = (name: string, context: FlagContext) => boolean;

/**
 * The boolean flags of a source as a gate.
 *
 * @param otherwise what holds where there is no such flag, where it is not enabled or not boolean, or where it deals
 * out shares of keys and the context has none; a function says it of each name. Default false: what nobody has allowed is not done.
 */
export function gateOf(
  source: Pick<FlagSource, 'flags'>,
  otherwise: boolean | ((name: string) => boolean) = false,
): FlagGate {
  const otherwiseFor = typeof otherwise === 'function' ? otherwise : () => otherwise;
  return (name, context) => {
    const flag = source.flags.get(name);
    const answer = flag === undefined ? undefined : evaluateFlag(flag, context);
    return answer?.kind === 'value' && typeof answer.value === 'boolean' ? answer.value : otherwiseFor(name);
  };
}
