/** What was thrown, which may be anything, as a line for a report. */
export function textOf(thrown: unknown): string {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown).slice(0, 200);
  } catch {
    return 'something without a text was thrown';
  }
}
