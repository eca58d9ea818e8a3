import { gzipSync } from 'node:zlib';
import { encodeMessage, type Message } from '../base/index.ts';
import { type CallNode, type CallTree, callTreeOf } from './call-tree.ts';
import type { ProfileSession } from './profiler.ts';
import { keyOf, nameOf } from './top-functions.ts';
import type { CallFrame, Profile } from './v8-profile.ts';

/**
 * What `pprof` and everything that speaks its language reads, by the names and numbers of profile.proto
 * (https://github.com/google/pprof/blob/main/proto/profile.proto). A text is its place in `stringTable`.
 */
const valueType = { type: [1, 'uint53'], unit: [2, 'uint53'] } as const;
const sample = { locationId: [1, 'uint53', 'repeated'], value: [2, 'uint53', 'repeated'] } as const;
const line = { functionId: [1, 'uint53'], line: [2, 'uint53'] } as const;
const location = { id: [1, 'uint53'], line: [4, line, 'repeated'] } as const;
const functionShape = {
  id: [1, 'uint53'],
  name: [2, 'uint53'],
  systemName: [3, 'uint53'],
  filename: [4, 'uint53'],
  startLine: [5, 'uint53'],
} as const;
const profileShape = {
  sampleType: [1, valueType, 'repeated'],
  sample: [2, sample, 'repeated'],
  location: [4, location, 'repeated'],
  function: [5, functionShape, 'repeated'],
  stringTable: [6, 'string', 'repeated'],
  timeNanos: [9, 'uint64'],
  durationNanos: [10, 'uint64'],
  periodType: [11, valueType],
  period: [12, 'uint53'],
} as const;

/**
 * A profile as `pprof` reads it: protocol buffers in gzip. A CPU profile has samples and nanoseconds without those
 * that were idle, a heap profile bytes in use. A place in the code is a function: V8 does not tell from which of its
 * lines another was called.
 */
export function encodePprof(profile: Profile, session: ProfileSession): Uint8Array<ArrayBuffer> {
  const tree = callTreeOf(profile);
  const places = new Places();
  const isCpu = tree.unit === 'microseconds';
  const typeOf = (type: string, unit: string): Message<typeof valueType> => ({
    type: places.text(type),
    unit: places.text(unit),
  });
  const cost = isCpu ? typeOf('cpu', 'nanoseconds') : typeOf('inuse_space', 'bytes');
  const message: Message<typeof profileShape> = {
    sampleType: isCpu ? [typeOf('samples', 'count'), cost] : [cost],
    sample: tree.nodes.flatMap((node) => sampleOf(node, tree, places)),
    location: places.locations,
    function: places.functions,
    stringTable: places.texts,
    timeNanos: BigInt(Math.round(session.startedAtMs)) * 1_000_000n,
    durationNanos: BigInt(Math.round(session.measuredMs * 1e6)),
    periodType: cost,
    period: isCpu ? session.samplingIntervalUs * 1000 : session.samplingBytes,
  };
  return gzipSync(encodeMessage(profileShape, message));
}

/** What one node cost by itself, with those who called it, the innermost first. The root is nobody. */
function sampleOf(node: CallNode, tree: CallTree, places: Places): readonly Message<typeof sample>[] {
  if (node.self <= 0) return [];
  const locationId: number[] = [];
  for (let at: CallNode | undefined = node; at !== undefined && at.parent >= 0; at = tree.nodes[at.parent]) {
    locationId.push(places.of(at.frame));
  }
  const cost = Math.round(tree.unit === 'microseconds' ? node.self * 1000 : node.self);
  return [{ locationId, value: tree.unit === 'microseconds' ? [node.samples, cost] : [cost] }];
}

/** Functions, with a location each, and texts: all are numbered as they come, so that each stands there once. */
class Places {
  readonly locations: Message<typeof location>[] = [];
  readonly functions: Message<typeof functionShape>[] = [];
  /** The first is empty, by the definition of the format. */
  readonly texts: string[] = [''];
  readonly #textAt = new Map<string, number>([['', 0]]);
  readonly #idOf = new Map<string, number>();

  of(frame: CallFrame): number {
    const key = keyOf(frame);
    const known = this.#idOf.get(key);
    if (known !== undefined) return known;
    const id = this.locations.length + 1;
    const startLine = Math.max(0, frame.lineNumber + 1);
    const name = this.text(nameOf(frame));
    this.#idOf.set(key, id);
    this.functions.push({ id, name, systemName: name, filename: this.text(frame.url), startLine });
    this.locations.push({ id, line: [{ functionId: id, line: startLine }] });
    return id;
  }

  text(text: string): number {
    const known = this.#textAt.get(text);
    if (known !== undefined) return known;
    this.#textAt.set(text, this.texts.length);
    this.texts.push(text);
    return this.texts.length - 1;
  }
}
