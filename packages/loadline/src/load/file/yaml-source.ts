import { isMap, isScalar, LineCounter, type ParsedNode, parseDocument } from 'yaml';
import { formatPath, type Path, type Problem } from '../../base/index.ts';

/** A YAML text as a value that still knows its lines. */
export interface YamlSource {
  readonly value: unknown;
  /** What is wrong with the YAML itself, with the line in the message. */
  readonly problems: readonly string[];
  /** A problem with the line at which its place stands: `line 12, scenarios.browse.steps[0].get: must …`. */
  locate(problem: Problem): string;
}

export function readYaml(text: string): YamlSource {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const problems = document.errors.map(
    (error) => `line ${lines.linePos(error.pos[0]).line}: ${sentence(error.message)}`,
  );
  const lineOf = (path: Path): number => {
    const offset = offsetOf(document.contents, path) ?? 0;
    return Math.max(1, lines.linePos(offset).line);
  };
  return {
    value: problems.length === 0 ? toValue(() => document.toJS({ maxAliasCount: 100 })) : undefined,
    problems,
    locate: ({ path, message }) => `line ${lineOf(path)}, ${formatPath(path)} ${message}`,
  };
}

/** Where a path's key, or its deepest part that is there, begins in the text. */
function offsetOf(root: ParsedNode | null, path: Path): number | undefined {
  let node: unknown = root;
  let offset = root?.range[0];
  for (const key of path) {
    const next = childOf(node, key);
    if (next === undefined) break;
    offset = next.offset ?? offset;
    node = next.node;
  }
  return offset;
}

function childOf(
  node: unknown,
  key: string | number,
): { node: unknown; offset: number | undefined } | undefined {
  if (isMap(node)) {
    const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
    if (pair === undefined) return undefined;
    return { node: pair.value, offset: isScalar(pair.key) ? pair.key.range?.[0] : undefined };
  }
  const items = (node as { items?: readonly { range?: readonly [number, ...number[]] }[] } | null)?.items;
  const item = typeof key === 'number' ? items?.[key] : undefined;
  return item === undefined ? undefined : { node: item, offset: item.range?.[0] };
}

/** Too many aliases throw: a file that unfolds to gigabytes is no scenario. */
function toValue(read: () => unknown): unknown {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function sentence(message: string): string {
  return message.split('\n')[0] ?? message;
}
