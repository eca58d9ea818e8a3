/**
 * What the bodies that are being received may take together. Each has a limit of its own, but a thousand users whose
 * target never ends its answers would still take all of the machine's memory.
 */
export class BodyBudget {
  #left: number;

  /** @param bytesMax default 512 MiB. */
  constructor(bytesMax: number = 512 * 1024 * 1024) {
    this.#left = bytesMax;
  }

  /** @returns whether there was room; where not, nothing is taken. */
  take(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#left += bytes;
  }
}

/** Completes the sentence "the target sent …". */
export const overBudget = 'more of many bodies at once than fits into 512 MiB';
