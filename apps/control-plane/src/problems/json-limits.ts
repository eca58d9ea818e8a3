/** Deeper than anything that a person writes; whatever walks through a body may then call itself. */
const depthMax = 64;

/**
 * What no schema can say: how deep a value may be, and that no text of it holds U+0000, for which PostgreSQL has no place.
 * Walks without calling itself, because the body may be anything.
 *
 * @returns what is wrong, or undefined.
 */
export function problemOfJson(value: unknown): string | undefined {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > depthMax) return `It is nested more than ${depthMax} deep.`;
    const next: unknown[] = [];
    for (const item of level) {
      if (typeof item === 'string' && item.includes('\u0000')) return nulProblem;
      if (typeof item !== 'object' || item === null) continue;
      for (const [key, inner] of Object.entries(item)) {
        if (key.includes('\u0000')) return nulProblem;
        next.push(inner);
      }
    }
    level = next;
  }
  return undefined;
}

const nulProblem = 'It holds the character U+0000, which no text here may have.';
