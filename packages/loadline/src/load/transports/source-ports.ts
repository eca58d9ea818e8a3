/** Where a connection of ours comes from. */
export interface Source {
  readonly localAddress?: string;
  readonly localPort: number;
}

/**
 * Names the port from which each connection comes. When thousands are open, the kernel's own search for a free
 * one takes longer with each, up to seconds of CPU for all; a port that is named is had at once. A target on
 * this machine's loopback is reached from an address of the generator's own, so that several generators
 * do not take each other's ports.
 */
export class SourcePorts {
  readonly #localAddress: string | undefined;
  #next: number;

  /**
   * @param address the target's.
   * @param generator which of several generators this is, from 0.
   */
  constructor(address: string, generator: number) {
    const isOwnLoopback = process.platform === 'linux' && address.startsWith('127.');
    this.#localAddress = isOwnLoopback ? `127.0.1.${(generator % 250) + 1}` : undefined;
    // Generators on one machine without an address of their own begin at different places.
    this.#next = firstPort + (isOwnLoopback ? 0 : (generator * 7919) % portCount);
  }

  /** The next one; when all were named it begins anew. Whoever finds it taken asks again, `attemptsMax` times. */
  next(): Source {
    const localPort = this.#next;
    this.#next = firstPort + ((this.#next + 1 - firstPort) % portCount);
    return this.#localAddress === undefined ? { localPort } : { localAddress: this.#localAddress, localPort };
  }
}

/** Above what services listen on, and below what the kernel gives to others by itself is not free either. */
const firstPort = 10_000;
const portCount = 50_000;
/** So many ports in a row may be taken before it is an error. */
export const portAttemptsMax = 100;
