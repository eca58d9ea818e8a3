import { closest } from '../../base/index.ts';

const namesShown = 20;

/** Says that there is no `what` of this name, and which was probably meant, or which there are. Pure. */
export function notThere(what: string, name: string, known: readonly string[]): string {
  const meant = closest(name, known);
  const there = known.length === 0 ? 'there are none' : `there are ${known.slice(0, namesShown).join(', ')}`;
  return `there is no ${what} ${JSON.stringify(name)}; ${meant === undefined ? there : `did you mean ${meant}?`}`;
}
