/** What is wrong with something, as a message says it: one problem in its line, several each in one of its own. */
export function tellProblems(attempt: string, problems: readonly string[]): string {
  const told = problems.map((problem) => problem.replace(/[.:\s]+$/, ''));
  if (told.length === 1) return `${attempt}: ${ended(told[0] as string)}`;
  return `${attempt}: it has ${told.length} problems.\n${told.map((problem) => `  ${problem}`).join('\n')}`;
}

/** As a sentence ends: what asks back has its mark already. */
export function ended(said: string): string {
  return said.endsWith('?') ? said : `${said}.`;
}

/** Why a file cannot be read. */
export function whyUnreadable({ code, message }: NodeJS.ErrnoException): string {
  return code === 'ENOENT' ? 'there is no such file' : message;
}
