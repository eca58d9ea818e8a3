/** A kind of Kubernetes as the package `kubernetes-models` carries its published schema. */
export type PublishedKind = new (value: never) => { validate(): void };

/** What the schema says is wrong; undefined where nothing is. */
export function schemaProblem(Kind: PublishedKind, value: unknown): string | undefined {
  try {
    new Kind(value as never).validate();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

type Path = readonly string[];

/**
 * What the schema knows nothing of: it says nothing of unknown fields, which a misspelt one is, but one that it knows takes no
 * function for a value.
 */
export function unknownFields(Kind: PublishedKind, value: unknown): readonly Path[] {
  return leavesOf(value)
    .filter(([first]) => first !== 'apiVersion' && first !== 'kind')
    .filter((path) => schemaProblem(Kind, withFunctionAt(value, path)) === undefined);
}

/** The paths of everything in a value that holds nothing itself. */
export function leavesOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, each]) => leavesOf(each, [...path, key]));
}

function withFunctionAt(value: unknown, path: Path): unknown {
  const copy: unknown = structuredClone(value);
  const holder = path.slice(0, -1).reduce((inner, key) => (inner as Record<string, unknown>)[key], copy);
  (holder as Record<string, unknown>)[path.at(-1) as string] = () => undefined;
  return copy;
}
