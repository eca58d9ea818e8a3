import { ended, withoutEnd } from '../../base/index.ts';

/** What is wrong with something, as a message says it: one problem in its line, several each in one of its own. */
export function tellProblems(attempt: string, problems: readonly string[]): string {
  if (problems.length === 1) return ended(`${attempt}: ${problems[0]}`);
  const told = problems.map((problem) => `  ${withoutEnd(problem)}`);
  return `${attempt}: it has ${told.length} problems.\n${told.join('\n')}`;
}

/** Why a file cannot be read. */
export function whyUnreadable({ code, message }: NodeJS.ErrnoException): string {
  return code === 'ENOENT' ? 'there is no such file' : message;
}
