import { type CallNode, type CallTree, callTreeOf } from './call-tree.ts';
import type { CallFrame, Profile } from './v8-profile.ts';

/** Where the time or the memory went, by function. */
export interface TopFunctions {
  /** Of `self`, `total` and `sum`. Microseconds are time on the one thread that runs JavaScript. */
  readonly unit: CallTree['unit'];
  /** What all functions together cost; the shares are of it. Idle time is not in it. */
  readonly sum: number;
  readonly idleUs: number;
  /** The dearest first: by what they cost themselves, then with what they called. */
  readonly functions: readonly TopFunction[];
  /** Functions that were left out because of the limit. */
  readonly functionsOmitted: number;
}

/** What one function cost, wherever it was called from. Shares are of `TopFunctions.sum`, 0 to 1. */
export interface TopFunction {
  /** `(anonymous)` where it has none; `(garbage collector)` and `(program)` are V8's words for what is no function. */
  readonly name: string;
  /** Its file and line, from 1: `file:///srv/shop/cart.js:12`. Empty for what is no code of a file. */
  readonly location: string;
  /** Without what it called. */
  readonly self: number;
  /** With what it called; a function that calls itself is counted once. */
  readonly total: number;
  readonly selfShare: number;
  readonly totalShare: number;
}

/** The functions that cost most. @param limit how many at most; 30 by default. */
export function topFunctions(profile: Profile, limit = 30): TopFunctions {
  const tree = callTreeOf(profile);
  const sum = tree.nodes.reduce((all, { self }) => all + self, 0);
  const share = (cost: number): number => (sum === 0 ? 0 : cost / sum);
  const functions = costsByFunction(tree)
    .filter(({ frame, total }) => frame.functionName !== '(root)' && total > 0)
    .sort((a, b) => b.self - a.self || b.total - a.total);
  return {
    unit: tree.unit,
    sum,
    idleUs: tree.idleUs,
    functions: functions.slice(0, limit).map(({ frame, self, total }) => ({
      name: nameOf(frame),
      location: locationOf(frame),
      self,
      total,
      selfShare: share(self),
      totalShare: share(total),
    })),
    functionsOmitted: Math.max(0, functions.length - limit),
  };
}

/** `(anonymous)` for a function without a name. */
export function nameOf({ functionName }: CallFrame): string {
  return functionName === '' ? '(anonymous)' : functionName;
}

function locationOf({ url, lineNumber }: CallFrame): string {
  return url === '' ? '' : `${url}:${lineNumber + 1}`;
}

interface FunctionCost {
  readonly frame: CallFrame;
  self: number;
  total: number;
  /** How often it is among the callers of the node that is looked at. */
  open: number;
}

function costsByFunction({ nodes }: CallTree): FunctionCost[] {
  const byKey = new Map<string, FunctionCost>();
  const subtree = subtreeCosts(nodes);
  /** The node that is looked at and its callers, outermost first. */
  const path: { readonly at: number; readonly cost: FunctionCost }[] = [];
  nodes.forEach(({ frame, self, parent }, at) => {
    while (path.length > 0 && path.at(-1)?.at !== parent) (path.pop() as (typeof path)[number]).cost.open--;
    const key = keyOf(frame);
    const cost = byKey.get(key) ?? { frame, self: 0, total: 0, open: 0 };
    byKey.set(key, cost);
    cost.self += self;
    // Under itself, it is in the total of the outermost call already.
    if (cost.open === 0) cost.total += subtree[at] as number;
    cost.open++;
    path.push({ at, cost });
  });
  return [...byKey.values()];
}

/** Callers stand before those they call, so that one pass from the end adds everything up. */
function subtreeCosts(nodes: readonly CallNode[]): number[] {
  const costs = nodes.map(({ self }) => self);
  for (let at = nodes.length - 1; at > 0; at--) {
    const { parent } = nodes[at] as CallNode;
    if (parent >= 0) (costs[parent] as number) += costs[at] as number;
  }
  return costs;
}

/** Where a function begins is what tells it from others: names repeat. */
export function keyOf({ functionName, url, lineNumber, columnNumber }: CallFrame): string {
  return `${functionName}\n${url}\n${lineNumber}\n${columnNumber}`;
}
