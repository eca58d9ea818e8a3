/** What can be followed. What tells of a change is kept for a while; what is superseded in a moment is not. */
export type Topic = 'tests' | 'alerts' | 'scaling' | 'rollouts' | 'metrics';

export const topics: Readonly<Record<Topic, { readonly isKept: boolean }>> = {
  tests: { isKept: true },
  alerts: { isKept: true },
  scaling: { isKept: true },
  rollouts: { isKept: true },
  metrics: { isKept: false },
};

const names: readonly string[] = Object.keys(topics);

/** Reads `tests,alerts`; all where nothing is said. */
export function parseTopics(
  text: string | undefined,
):
  | { readonly ok: true; readonly topics: ReadonlySet<Topic> }
  | { readonly ok: false; readonly problem: string } {
  const asked = text === undefined ? names : text.split(',').map((name) => name.trim());
  const unknown = asked.find((name) => !names.includes(name));
  if (unknown === undefined) return { ok: true, topics: new Set(asked as Topic[]) };
  return {
    ok: false,
    problem: `must be some of ${names.join(', ')}, got ${JSON.stringify(unknown.slice(0, 40))}`,
  };
}
