import { type Document, isMap, isScalar, LineCounter, type Node, parseDocument, visit } from 'yaml';
import { formatPath, type Path } from '../parse.ts';
import type { Source } from './source.ts';

/** Reads YAML 1.2. */
export function readYaml(text: string): Source {
  try {
    return readDocument(text);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const locate: Source['locate'] = ({ path, message }) => `${formatPath(path)} ${message}`;
    return { value: undefined, problems: [`line 1: ${tooDeep}`], locate };
  }
}

function readDocument(text: string): Source {
  const lines = new LineCounter();
  // The parser would compare each key with every other of its map: two minutes for 20,000 keys.
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    logLevel: 'error',
  });
  const lineAt = (offset: number): number => Math.max(1, lines.linePos(offset).line);
  const found =
    document.errors.length === 0 ? wrongNodes(document) : firstErrors(document.errors, text, lineAt);
  const problems = [...new Set(found.map(({ offset, message }) => `line ${lineAt(offset)}: ${message}`))];
  // A key that stands twice hides nothing: what else is wrong is told with it.
  const isReadable = document.errors.length === 0 && found.every(({ isTwice }) => isTwice);
  const unfolded = isReadable ? unfold(document) : { value: undefined };
  return {
    value: unfolded.value,
    problems: 'problem' in unfolded ? [`line 1: ${unfolded.problem}`] : problems,
    locate: ({ path, message }) =>
      `line ${lineAt(offsetOf(document.contents, path) ?? 0)}, ${formatPath(path)} ${message}`,
  };
}

interface WrongNode {
  readonly offset: number;
  readonly message: string;
  readonly isTwice?: true;
}

/**
 * What is wrong with the YAML itself, where it begins to be: after a first slip everything that follows looks
 * wrong, and is not.
 */
function firstErrors(
  errors: Document.Parsed['errors'],
  text: string,
  lineAt: (offset: number) => number,
): WrongNode[] {
  const first = errors.reduce((earliest, each) => (each.pos[0] < earliest.pos[0] ? each : earliest));
  // What a person wrote into one line; in a longer one the search for the slip would take minutes.
  const line = (text.split('\n')[lineAt(first.pos[0]) - 1] ?? '').slice(0, personalLineMax);
  // The slip that everybody makes: a hole in a map of one line, where braces mean another map.
  const hint = /[{[,].*[:\s]\s*[^"'{\s,]*\{\{/.test(line)
    ? '; put a value with {{…}} in quotes: "/food/{{id}}"'
    : '';
  const message = plainWords.get(first.code) ?? sentence(first.message);
  return [{ offset: first.pos[0], message: `${message}${hint}` }];
}

const personalLineMax = 1000;

/** Of slips that the parser tells in words of its own. */
const plainWords: ReadonlyMap<string, string> = new Map([
  ['MULTIPLE_DOCS', 'a second document begins here; a file holds one'],
  ['BLOCK_AS_IMPLICIT_KEY', 'a value stands here, and keys beside it or below it: one of the two has to go'],
]);

/** Keys that stand twice in a map, and aliases inside of what they name, which would unfold without end. */
function wrongNodes(document: Document.Parsed): WrongNode[] {
  const wrong: WrongNode[] = [];
  visit(document, {
    Map(_, map) {
      const keys = new Set<unknown>();
      for (const { key } of map.items) {
        if (!isScalar(key)) continue;
        if (keys.has(key.value)) {
          const message = `${String(key.value)} stands twice in its map`;
          wrong.push({ offset: offsetOfNode(key), message, isTwice: true });
        }
        keys.add(key.value);
      }
    },
    Alias(_, alias, ancestors) {
      if (ancestors.some((node) => (node as { anchor?: string }).anchor === alias.source)) {
        wrong.push({
          offset: offsetOfNode(alias),
          message: `*${alias.source} stands inside of what it names`,
        });
      }
    },
  });
  return wrong;
}

/** Too many aliases throw: nobody has written a file that unfolds to gigabytes to be read. */
function unfold(
  document: Document.Parsed,
): { readonly value: unknown } | { readonly value: undefined; readonly problem: string } {
  try {
    return { value: document.toJS({ maxAliasCount: 100 }) };
  } catch (error) {
    return { value: undefined, problem: sentence((error as Error).message) };
  }
}

/** Where a path's key, or its deepest part that is there, begins in the text. */
function offsetOf(root: Node | null, path: Path): number | undefined {
  let node: unknown = root;
  let offset = root?.range?.[0];
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
    const pair = node.items.findLast((item) => isScalar(item.key) && String(item.key.value) === String(key));
    if (pair === undefined) return undefined;
    return { node: pair.value, offset: isScalar(pair.key) ? pair.key.range?.[0] : undefined };
  }
  const items = (node as { items?: readonly { range?: readonly [number, ...number[]] }[] } | null)?.items;
  const item = typeof key === 'number' ? items?.[key] : undefined;
  return item === undefined ? undefined : { node: item, offset: item.range?.[0] };
}

function offsetOfNode(node: Node): number {
  return node.range?.[0] ?? 0;
}

/** The parser goes as deep as its text is nested, and tells in the engine's words where it cannot. */
function sentence(message: string): string {
  return /call stack/.test(message) ? tooDeep : (message.split('\n')[0] ?? message);
}

const tooDeep = 'is nested too deep';
