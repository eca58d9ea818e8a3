import { type Node, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml';

/** A piece of YAML with the length that it has in one line; infinite where it needs several. */
export interface Piece {
  readonly node: Node;
  readonly width: number;
}

export type Entry = readonly [key: string, value: Piece];

/** Any text. What a reader might not see as it is, or a parser might change, is quoted with escapes. */
export function text(value: string): Piece {
  const node = new Scalar(value);
  const isPrintable = printable.test(value);
  if (!isPrintable) node.type = Scalar.QUOTE_DOUBLE;
  return {
    node,
    width: isPrintable && value.includes('\n') ? Number.POSITIVE_INFINITY : value.length + 2,
  };
}

export function scalar(value: number | boolean | null): Piece {
  return { node: new Scalar(value), width: String(value).length };
}

/** A map in one line where it fits into one, with a line each entry otherwise. */
export function map(entries: readonly Entry[]): Piece {
  const width = widthOf(entries.map(([key, value]) => key.length + value.width + 4));
  return entries.length > 0 && width <= lineLength ? { node: mapNode(entries, true), width } : block(entries);
}

export function block(entries: readonly Entry[]): Piece {
  return { node: mapNode(entries, entries.length === 0), width: Number.POSITIVE_INFINITY };
}

/** A list in one line where it fits into one. */
export function list(items: readonly Piece[]): Piece {
  const width = widthOf(items.map((item) => item.width + 2));
  return width <= lineLength ? { node: listNode(items, true), width } : rows(items);
}

export function rows(items: readonly Piece[]): Piece {
  return { node: listNode(items, items.length === 0), width: Number.POSITIVE_INFINITY };
}

/** Any JSON value. */
export function json(value: unknown): Piece {
  if (typeof value === 'string') return text(value);
  if (typeof value === 'number' || typeof value === 'boolean') return scalar(value);
  if (Array.isArray(value)) return list(value.map(json));
  if (typeof value !== 'object' || value === null) return scalar(null);
  return map(Object.entries(value).map(([key, item]) => [key, json(item)]));
}

/** The text of a comment: each line begins with a blank, and holds nothing that could end it. */
export function commentOf(lines: readonly string[]): string {
  return lines.map((line) => ` ${line.replace(invisible, ' ').trimEnd().toWellFormed()}`).join('\n');
}

const lineLength = 90;

/** What is left as it is: neither controls nor marks of direction and order, no half of a pair of surrogates. */
const printable =
  /^[\n\x20-\x7e\u{a1}-\u{1fff}\u{2010}-\u{2027}\u{2030}-\u{205f}\u{2070}-\u{d7ff}\u{f900}-\u{fdff}\u{fe10}-\u{fefe}\u{ff00}-\u{fffd}\u{10000}-\u{1ffff}]*$/u;
const invisible =
  /[^\x20-\x7e\u{a1}-\u{1fff}\u{2010}-\u{2027}\u{2030}-\u{205f}\u{2070}-\u{d7ff}\u{f900}-\u{fdff}\u{fe10}-\u{fefe}\u{ff00}-\u{fffd}\u{10000}-\u{1ffff}]/gu;

function widthOf(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, 4);
}

function mapNode(entries: readonly Entry[], isFlow: boolean): YAMLMap {
  const node = new YAMLMap();
  node.flow = isFlow;
  // Not by `set`, which compares each key with every other.
  node.items = entries.map(([key, value]) => pairOf(key, value.node));
  return node;
}

function listNode(items: readonly Piece[], isFlow: boolean): YAMLSeq {
  const node = new YAMLSeq();
  node.flow = isFlow;
  node.items = items.map((item) => item.node);
  return node;
}

function pairOf(key: string, value: Node): Pair {
  const node = new Scalar(key);
  if (!printable.test(key) || key.includes('\n')) node.type = Scalar.QUOTE_DOUBLE;
  return new Pair(node, value);
}
