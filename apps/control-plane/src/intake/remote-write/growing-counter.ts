/** What a counter of somebody else showed last, and what it has grown since. */
export class GrowingCounter {
  #last: { readonly value: number; readonly atMs: number } | undefined;

  /**
   * Takes the next value, and gives its growth by the second since the one before; one that has fallen began anew.
   *
   * @returns `late` for what is not newer, undefined where there was none before.
   */
  grow(value: number, atMs: number): number | 'late' | undefined {
    const before = this.#last;
    if (before !== undefined && atMs <= before.atMs) return 'late';
    this.#last = { value, atMs };
    if (before === undefined) return undefined;
    const grown = value < before.value ? value : value - before.value;
    return grown / ((atMs - before.atMs) / 1000);
  }

  copy(): GrowingCounter {
    const copy = new GrowingCounter();
    copy.#last = this.#last;
    return copy;
  }
}
