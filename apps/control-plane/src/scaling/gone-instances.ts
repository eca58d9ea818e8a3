/** Who was of a group lately and is not any more: what it told last is no part of what the group does now. */
export class GoneInstances {
  readonly #keptMs: number;
  /** Group → instance → when it was last seen. */
  readonly #seen = new Map<string, Map<string, number>>();

  /** @param keptMs what was told longer ago is not read, whoever told it. */
  constructor(keptMs: number) {
    this.#keptMs = keptMs;
  }

  /** Takes in who is there now. @returns who is not, and was. */
  see(group: string, present: ReadonlySet<string>, nowMs: number): ReadonlySet<string> {
    const seen = this.#seen.get(group) ?? new Map<string, number>();
    this.#seen.set(group, seen);
    for (const id of present) seen.set(id, nowMs);
    for (const [id, atMs] of seen) if (atMs < nowMs - this.#keptMs) seen.delete(id);
    return new Set([...seen.keys()].filter((id) => !present.has(id)));
  }
}
