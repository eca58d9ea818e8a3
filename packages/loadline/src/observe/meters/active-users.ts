import { createHmac } from 'node:crypto';
import type { Clock } from '../../base/index.ts';
import type { Registry } from '../../metrics/index.ts';
import { UserSketch } from './user-sketch.ts';

/** Who was there in the last five minutes, without remembering who it was. */
export interface ActiveUsers {
  /**
   * A signed-in user has done something.
   *
   * @param nowMs what the clock says, from whoever has read it already.
   * @throws TypeError where the id is no text.
   */
  see(id: string, nowMs?: number): void;
  /** Those of the last five minutes; between four and a half and five, since it is kept by half minutes. */
  recent(): UserSketch;
}

/** Under which name the sketch travels beside a snapshot. */
export const usersSketchName = 'http_active_users';

const sliceMs = 30_000;
const slicesMax = 10;
/** Who was hashed in this half minute already, and is forgotten with it; further ones are hashed each time. */
const seenMax = 10_000;
/** How many are noted before they are looked up, as with requests. */
const notesMax = 64;
/** Who, and when in whole milliseconds. */
const noteLength = 2;

/**
 * Adds the number of distinct signed-in users.
 *
 * @param key the same for all instances of a service, so that a user of two of them is one; and secret, so that an id
 *   cannot be guessed from its hash.
 */
export function observeUsers(registry: Registry, key: string, clock: Clock): ActiveUsers {
  const slices: { readonly startMs: number; readonly sketch: UserSketch }[] = [];
  let seen = new Set<string>();
  let endMs = Number.NEGATIVE_INFINITY;
  function begin(nowMs: number): void {
    const startMs = Math.floor(nowMs / sliceMs) * sliceMs;
    endMs = startMs + sliceMs;
    seen = new Set();
    slices.unshift({ startMs, sketch: new UserSketch() });
    const oldestMs = startMs - (slicesMax - 1) * sliceMs;
    while ((slices.at(-1)?.startMs ?? startMs) < oldestMs) slices.pop();
  }
  function note(id: string, nowMs: number): void {
    // A reading of just before the newest half minute, by somebody who was held up, counts in it.
    if (nowMs >= endMs) begin(nowMs);
    if (seen.has(id)) return;
    if (seen.size < seenMax) seen.add(id);
    slices[0]?.sketch.add(hashOf(key, id));
  }
  const notes = new Array<string | number>(notesMax * noteLength).fill(0);
  let noted = 0;
  function flush(): void {
    for (let at = 0; at < noted; at += noteLength) note(notes[at] as string, notes[at + 1] as number);
    // Nobody's name is kept for longer than it is needed.
    notes.fill(0, 0, noted);
    noted = 0;
  }
  function recent(): UserSketch {
    flush();
    const nowMs = clock.monotonicMs();
    if (nowMs >= endMs) begin(nowMs);
    const all = new UserSketch();
    for (const { sketch } of slices) all.unite(sketch);
    return all;
  }
  registry.gauge({
    name: 'http_active_users',
    help: 'Distinct signed-in users of the last five minutes, on this instance; instances overlap.',
    read: () => recent().count,
  });
  return {
    see(id, nowMs = clock.monotonicMs()) {
      if (typeof id !== 'string') throw new TypeError(`The id of a user is a text, got ${typeof id}.`);
      if (noted === notes.length) flush();
      notes[noted] = id;
      notes[noted + 1] = Math.floor(nowMs);
      noted += noteLength;
    },
    recent,
  };
}

function hashOf(key: string, id: string): bigint {
  return createHmac('sha256', key).update(id).digest().readBigUInt64BE();
}
