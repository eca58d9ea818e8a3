import type { Problem } from '../parse.ts';
import type { Source } from './source.ts';

/** All that is wrong with a text, in the order of its lines: as a text, and with what stands in it. */
export function listProblems(source: Source, problems: readonly Problem[]): string[] {
  const line = (told: string): number => Number(/^line (\d+)/.exec(told)?.[1] ?? 0);
  // Of a text that could not be read, nothing else is known.
  const isUnread = source.value === undefined && source.problems.length > 0;
  const located = isUnread ? [] : problems.map((problem) => source.locate(problem));
  return [...source.problems, ...located].toSorted((a, b) => line(a) - line(b));
}
