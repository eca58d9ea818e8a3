/** What was said, as a sentence ends: with a full stop, or with the mark of the question that it asks. */
export function ended(said: string): string {
  const open = withoutEnd(said);
  return open.endsWith('?') ? open : `${open}.`;
}

/** What was said without its end, so that more can follow. A question stays one. */
export function withoutEnd(said: string): string {
  return said.replace(/[.:\s]+$/, '');
}
