import type { CallFrame, Profile, ProfileSession, V8CpuNode, V8HeapNode } from 'loadline/profiling';

/** A function that begins at this line of a file of its own. */
export function frame(functionName: string, line = 1): CallFrame {
  return { functionName, url: `file:///shop/${functionName}.js`, lineNumber: line - 1, columnNumber: 0 };
}

/** A call tree by nested names: `{ main: { parse: {}, render: {} } }`. */
export interface Calls {
  readonly [name: string]: Calls;
}

/**
 * A CPU profile that was sampled every millisecond.
 *
 * @param seen which path was on top at each sample, as `main/parse`.
 */
export function cpuProfile(calls: Calls, seen: readonly string[]): Profile {
  const nodes: V8CpuNode[] = [];
  const idOf = new Map<string, number>();
  function add(name: string, path: string, below: Calls): number {
    const id = nodes.length + 1;
    idOf.set(path, id);
    const children: number[] = [];
    nodes.push({ id, callFrame: name.startsWith('(') ? { ...frame(name), url: '' } : frame(name), children });
    for (const [each, more] of Object.entries(below)) {
      children.push(add(each, path === '' ? each : `${path}/${each}`, more));
    }
    return id;
  }
  add('(root)', '', calls);
  const samples = seen.map((path) => idOf.get(path) as number);
  const v8 = {
    nodes,
    samples,
    timeDeltas: samples.map(() => 1000),
    startTime: 0,
    endTime: samples.length * 1000 + 1000,
  };
  return { kind: 'cpu', v8 };
}

/** A heap profile of functions that call nobody. */
export function heapProfile(bytes: Readonly<Record<string, number>>): Profile {
  const children = Object.entries(bytes).map(
    ([name, selfSize]): V8HeapNode => ({ callFrame: frame(name), selfSize, children: [] }),
  );
  return { kind: 'heap', v8: { head: { callFrame: frame('(root)'), selfSize: 0, children } } };
}

export function session(over: Partial<ProfileSession> = {}): ProfileSession {
  return {
    id: 'a',
    kind: 'cpu',
    state: 'finished',
    durationMs: 1000,
    samplingIntervalUs: 1000,
    samplingBytes: 131_072,
    startedAtMs: Date.UTC(2026, 0, 1),
    measuredMs: 1000,
    ...over,
  };
}
