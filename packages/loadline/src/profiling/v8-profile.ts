import { profilingError } from './errors.ts';

/** A place in the code, as V8 names it. Lines and columns count from 0; −1 where there is none. */
export interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
  readonly columnNumber: number;
}

/** What a `.cpuprofile` holds: which node of the call tree was on top at each sample. Times are in microseconds. */
export interface V8CpuProfile {
  readonly nodes: readonly V8CpuNode[];
  readonly startTime: number;
  readonly endTime: number;
  /** Ids of nodes, and how long after the sample before each was taken. */
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** A function where one chain of callers has called it; `children` are the ids of those that it called. */
export interface V8CpuNode {
  readonly id: number;
  readonly callFrame: CallFrame;
  readonly children?: readonly number[] | undefined;
}

/** What a `.heapprofile` holds: bytes that were allocated while it was taken and are still there, by who did it. */
export interface V8HeapProfile {
  readonly head: V8HeapNode;
}

/** A function where one chain of callers has called it, with the bytes that it allocated itself and that are still there. */
export interface V8HeapNode {
  readonly callFrame: CallFrame;
  /** Estimated from a sample every so many bytes. */
  readonly selfSize: number;
  readonly children: readonly V8HeapNode[];
}

/** `cpu`: where time goes. `heap`: who allocates memory that stays. */
export type ProfileKind = 'cpu' | 'heap';

/** A profile as V8 gave it, with its kind. */
export type Profile =
  | { readonly kind: 'cpu'; readonly v8: V8CpuProfile }
  | { readonly kind: 'heap'; readonly v8: V8HeapProfile };

/**
 * Reads a profile that came from elsewhere. Only what is used is looked at; the rest stays as it is.
 *
 * @throws LoadlineError PROFILING_PROFILE_INVALID with the first thing that is wrong: behind it the rest means nothing.
 */
export function parseProfile(kind: ProfileKind, input: unknown): Profile {
  if (kind === 'cpu') {
    checkCpu(input as V8CpuProfile);
    return { kind, v8: input as V8CpuProfile };
  }
  checkHeap((input as V8HeapProfile | null | undefined)?.head);
  return { kind, v8: input as V8HeapProfile };
}

/** More nodes than any program has places in its code. */
const nodesMax = 1_000_000;

function checkCpu(profile: Partial<V8CpuProfile> | null | undefined): void {
  const { nodes, samples, timeDeltas, startTime, endTime } = profile ?? {};
  if (!Array.isArray(nodes) || nodes.length === 0 || nodes.length > nodesMax)
    throw invalid('it has no nodes');
  if (!isNumbers(samples) || !isNumbers(timeDeltas) || samples.length !== timeDeltas.length) {
    throw invalid('its samples and their times are not two lists of one length');
  }
  if (!Number.isFinite(startTime) || !Number.isFinite(endTime)) throw invalid('it has no start and end');
  checkTree(nodes);
  const known = new Set(nodes.map(({ id }) => id));
  if (samples.some((id) => !known.has(id))) throw invalid('a sample names a node that is not there');
}

function checkTree(nodes: readonly Partial<V8CpuNode>[]): void {
  const childrenOf = new Map<number, readonly number[]>();
  const called = new Set<number>();
  for (const node of nodes) {
    if (!Number.isSafeInteger(node?.id) || !isFrame(node.callFrame)) throw invalid('a node is damaged');
    if (childrenOf.has(node.id as number)) throw invalid(`node ${node.id} is there twice`);
    if (node.children !== undefined && !isNumbers(node.children)) throw invalid('a node is damaged');
    childrenOf.set(node.id as number, node.children ?? []);
    for (const child of node.children ?? []) {
      if (called.has(child)) throw invalid(`node ${child} has two callers`);
      called.add(child);
    }
  }
  const roots = [...childrenOf.keys()].filter((id) => !called.has(id));
  // With one caller each, nodes that no root reaches go round in a circle, and those that it reaches do not.
  const reached = [...roots];
  for (const id of reached) reached.push(...(childrenOf.get(id) ?? []));
  if (roots.length !== 1 || reached.length !== childrenOf.size) throw invalid('its nodes are not one tree');
}

/** With a list instead of recursion: a deep tree must not end our own stack. */
function checkHeap(head: V8HeapNode | undefined): void {
  const open: (Partial<V8HeapNode> | undefined)[] = [head];
  for (let seen = 0; open.length > 0; seen++) {
    const node = open.pop();
    if (!isFrame(node?.callFrame) || !Number.isFinite(node?.selfSize) || !Array.isArray(node?.children)) {
      throw invalid('a node is damaged');
    }
    if (seen > nodesMax) throw invalid('it has too many nodes');
    for (const child of node.children) open.push(child);
  }
}

function isFrame(frame: Partial<CallFrame> | null | undefined): boolean {
  return (
    typeof frame?.functionName === 'string' &&
    typeof frame.url === 'string' &&
    Number.isSafeInteger(frame.lineNumber)
  );
}

function isNumbers(list: unknown): list is readonly number[] {
  return Array.isArray(list) && list.every((each) => Number.isFinite(each));
}

function invalid(found: string): Error {
  return profilingError('PROFILING_PROFILE_INVALID', `Cannot read a profile: ${found}.`, {
    facts: { found },
  });
}
