/**
 * Gives the page that a path belongs to, so that every id is not a page of its own: the first of the patterns that
 * fits (`/food/:id`, where a part that begins with `:` fits any), and `other` where none does. Without patterns the
 * parts that look like an id are replaced. Pure.
 */
export function pageOf(path: string, patterns: readonly string[] | undefined): string {
  const parts = path.split('/');
  if (patterns === undefined) return parts.map((part) => (isId(part) ? ':id' : part)).join('/');
  return patterns.find((pattern) => fits(parts, pattern.split('/'))) ?? 'other';
}

/** Whether the parts of a path are those of a pattern, in which one that begins with `:` fits any. */
export function fits(parts: readonly string[], pattern: readonly string[]): boolean {
  return (
    parts.length === pattern.length &&
    pattern.every((part, at) => (part.startsWith(':') ? parts[at] !== '' : part === parts[at]))
  );
}

/** Numbers, UUIDs and the like, long hexadecimal, and whatever is too long to be a word of a path. */
function isId(part: string): boolean {
  return /^\d+$|^[0-9a-f]{8}-?[0-9a-f]{4}-|^[0-9a-f]{16,}$/i.test(part) || part.length > 40;
}
