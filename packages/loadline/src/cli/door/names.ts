import { nameHint, show } from '../../base/index.ts';

/** Says that there is no `what` of this name, and which was probably meant, or which there are. Pure. */
export function notThere(what: string, name: string, known: readonly string[]): string {
  return `there is no ${what} ${show(name)}; ${nameHint(name, known)}`;
}
