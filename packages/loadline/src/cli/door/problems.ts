/** What is wrong with something, as a message says it: one problem in its line, several each in one of its own. */
export function tellProblems(attempt: string, problems: readonly string[]): string {
  const told = problems.map((problem) => problem.replace(/[.:\s]+$/, ''));
  if (told.length === 1) return `${attempt}: ${told[0]}.`;
  return `${attempt}: it has ${told.length} problems.\n${told.map((problem) => `  ${problem}`).join('\n')}`;
}

/** Why a file cannot be read. */
export function whyUnreadable({ code, message }: NodeJS.ErrnoException): string {
  return code === 'ENOENT' ? 'there is no such file' : message;
}
