/** What is known of a process on every platform. */
export interface ProcessState {
  readonly parent: number;
  /** User and system time since its start. */
  readonly cpuMs: number;
  readonly ownBytes: number;
  readonly sharedBytes: number;
}

/**
 * A process and all its descendants; empty where it is not there. Pure.
 *
 * @param others processes whose trees are looked at by themselves, and so are no part of this one.
 */
export function treeOf<State extends ProcessState>(
  root: number,
  processes: ReadonlyMap<number, State>,
  others: ReadonlySet<number> = new Set(),
): Map<number, State> {
  const tree = new Map<number, State>();
  const rootState = processes.get(root);
  if (rootState === undefined) return tree;
  tree.set(root, rootState);
  for (let grew = true; grew; ) {
    grew = false;
    for (const [pid, state] of processes) {
      if (tree.has(pid) || others.has(pid) || !tree.has(state.parent)) continue;
      tree.set(pid, state);
      grew = true;
    }
  }
  return tree;
}

/**
 * Memory of each process's own, plus the largest shared part once: a database's processes all map the same
 * buffers, and adding those up would count them many times. Pure.
 */
export function memoryOf(processes: Iterable<ProcessState>): number {
  let own = 0;
  let shared = 0;
  for (const state of processes) {
    own += state.ownBytes;
    shared = Math.max(shared, state.sharedBytes);
  }
  return own + shared;
}
