import type { AuthDraft, Pairs, RequestDraft, ScenarioDraft, StepDraft } from './scenario-draft.ts';

/**
 * Takes what most requests have in common to their scenario: headers that all of them have, and the
 * credentials of more than half. What a request sends stays the same.
 */
export function hoist(name: string, steps: readonly StepDraft[], headers: Pairs = []): ScenarioDraft {
  const requests = steps.filter((step) => step.kind === 'request');
  const shared = sharedHeaders(requests);
  const auth = sharedAuth(requests);
  return {
    name,
    auth,
    headers: [...headers, ...shared],
    steps: steps.map((step) => (step.kind === 'request' ? without(step, shared, auth) : step)),
  };
}

function sharedHeaders(requests: readonly RequestDraft[]): Pairs {
  if (requests.length < 2) return [];
  const values = new Map<string, string[]>();
  for (const { headers } of requests)
    for (const [name, value] of headers) values.set(name, [...(values.get(name) ?? []), value]);
  return [...values]
    .filter(([, all]) => all.length === requests.length)
    .map(([name, all]) => [name, mostFrequent(all)]);
}

function sharedAuth(requests: readonly RequestDraft[]): AuthDraft | undefined {
  const all = requests.map(({ auth }) => JSON.stringify(auth ?? null));
  const most = mostFrequent(all);
  const isShared =
    requests.length > 1 && most !== 'null' && all.filter((each) => each === most).length * 2 > all.length;
  return isShared ? (JSON.parse(most) as AuthDraft) : undefined;
}

function without(step: RequestDraft, shared: Pairs, auth: AuthDraft | undefined): RequestDraft {
  const isShared = ([name, value]: Pairs[number]): boolean =>
    shared.some((header) => header[0] === name && header[1] === value);
  const headers = step.headers.filter((header) => !isShared(header));
  if (auth === undefined) return { ...step, headers };
  if (step.auth === undefined) {
    const hasOwn = headers.some(([name]) => name === 'authorization');
    return { ...step, headers, auth: hasOwn ? undefined : 'none' };
  }
  return {
    ...step,
    headers,
    auth: JSON.stringify(step.auth) === JSON.stringify(auth) ? undefined : step.auth,
  };
}

function mostFrequent(values: readonly string[]): string {
  const groups = [...Map.groupBy(values, (value) => value).values()];
  const [most = ['']] = groups.sort((a, b) => b.length - a.length);
  return most[0] as string;
}
