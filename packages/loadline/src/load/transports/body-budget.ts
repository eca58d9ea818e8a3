import { formatBytes } from '../../base/index.ts';

/**
 * What the bodies that are being received may take together. Each has a limit of its own, but a thousand users whose
 * target never ends its answers would still take all of the machine's memory.
 */
export class BodyBudget {
  readonly #bytesMax: number;
  #left: number;

  /** @param bytesMax default 512 MiB. */
  constructor(bytesMax: number = 512 * 1024 * 1024) {
    this.#bytesMax = bytesMax;
    this.#left = bytesMax;
  }

  /** What is wrong where there is no room; completes the sentence "the target sent …". */
  get problem(): string {
    return `bodies of over ${formatBytes(this.#bytesMax)} at once`;
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
