import type { CallFrame, Profile, V8CpuProfile, V8HeapNode, V8HeapProfile } from './v8-profile.ts';

/** Who called whom, and what each cost by itself. All that a node has called, and they in turn, stand right behind it. */
export interface CallTree {
  readonly unit: 'microseconds' | 'bytes';
  readonly nodes: readonly CallNode[];
  /** Time in which the process had nothing to do; no node has it. */
  readonly idleUs: number;
}

/** A function where one chain of callers has called it. */
export interface CallNode {
  readonly frame: CallFrame;
  /** The caller's place in `nodes`; −1 for the root. */
  readonly parent: number;
  /** In the unit of the tree, without what it called. */
  readonly self: number;
  /** Samples that were taken here; for heaps, 0. */
  readonly samples: number;
}

/** The call tree of a profile. */
export function callTreeOf(profile: Profile): CallTree {
  return profile.kind === 'cpu' ? ofCpu(profile.v8) : ofHeap(profile.v8);
}

function ofCpu(profile: V8CpuProfile): CallTree {
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  const called = new Set(profile.nodes.flatMap(({ children }) => children ?? []));
  const costs = selfCosts(profile);
  const nodes: CallNode[] = [];
  const open = profile.nodes.filter(({ id }) => !called.has(id)).map(({ id }) => ({ id, parent: -1 }));
  let idleUs = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const node = byId.get(next.id);
    if (node === undefined) continue;
    const cost = costs.get(next.id) ?? { us: 0, samples: 0 };
    if (node.callFrame.functionName === '(idle)') {
      idleUs += cost.us;
      continue;
    }
    const at = nodes.length;
    nodes.push({ frame: node.callFrame, parent: next.parent, self: cost.us, samples: cost.samples });
    for (const id of node.children ?? []) open.push({ id, parent: at });
  }
  return { unit: 'microseconds', nodes, idleUs };
}

/** A sample stands for the time until the next one, the last for the time until the end. */
function selfCosts({ samples, timeDeltas, startTime, endTime }: V8CpuProfile): Map<number, Cost> {
  const costs = new Map<number, Cost>();
  const elapsedUs = timeDeltas.reduce((sum, delta) => sum + delta, 0);
  samples.forEach((id, at) => {
    // V8 now and then hands over two samples in the wrong order: a time is never below 0.
    const us = Math.max(0, timeDeltas[at + 1] ?? endTime - startTime - elapsedUs);
    const cost = costs.get(id);
    if (cost === undefined) costs.set(id, { us, samples: 1 });
    else {
      cost.us += us;
      cost.samples++;
    }
  });
  return costs;
}

interface Cost {
  us: number;
  samples: number;
}

function ofHeap({ head }: V8HeapProfile): CallTree {
  const nodes: CallNode[] = [];
  const open: { node: V8HeapNode; parent: number }[] = [{ node: head, parent: -1 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const at = nodes.length;
    nodes.push({ frame: next.node.callFrame, parent: next.parent, self: next.node.selfSize, samples: 0 });
    for (const node of next.node.children) open.push({ node, parent: at });
  }
  return { unit: 'bytes', nodes, idleUs: 0 };
}
