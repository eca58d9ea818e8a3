import { metricsError } from '../../metrics/index.ts';
import { estimate, note, rankMax, registerCount } from './hyperloglog.ts';

/** Beyond so many users their hashes take more bytes than registers, and are folded into these. */
const exactMax = 1024;

/**
 * How many different users there were, of hashes only. Exact to 1,024, beyond that with a standard error of 1.6 %;
 * united with another one it is what one would be that had seen everything.
 */
export class UserSketch {
  /** Hashes of 64 bits while they are few. */
  #hashes: Set<bigint> | undefined = new Set();
  #registers: Uint8Array | undefined;

  /** @param hash 64 evenly spread bits. */
  add(hash: bigint): void {
    if (this.#hashes === undefined) {
      note(this.#registers as Uint8Array, Number(hash >> 32n), Number(hash & 0xffffffffn));
      return;
    }
    this.#hashes.add(hash);
    if (this.#hashes.size > exactMax) this.#fold();
  }

  /** A whole number. */
  get count(): number {
    return this.#hashes?.size ?? Math.round(estimate(this.#registers as Uint8Array));
  }

  get isExact(): boolean {
    return this.#hashes !== undefined;
  }

  /** Adds all that `other` has seen. */
  unite(other: UserSketch): void {
    if (other.#hashes !== undefined) {
      for (const hash of other.#hashes) this.add(hash);
      return;
    }
    if (this.#hashes !== undefined) this.#fold();
    const registers = this.#registers as Uint8Array;
    (other.#registers as Uint8Array).forEach((rank, at) => {
      if (rank > (registers[at] as number)) registers[at] = rank;
    });
  }

  /** The content as bytes, the same on every machine: at most 8 KB. */
  encode(): Uint8Array<ArrayBuffer> {
    if (this.#hashes === undefined)
      return Uint8Array.from([forms.registers, ...(this.#registers as Uint8Array)]);
    const bytes = new Uint8Array(1 + this.#hashes.size * 8);
    bytes[0] = forms.hashes;
    const view = new DataView(bytes.buffer);
    [...this.#hashes]
      .sort((a, b) => (a < b ? -1 : 1))
      .forEach((hash, at) => {
        view.setBigUint64(1 + at * 8, hash);
      });
    return bytes;
  }

  /** @throws LoadlineError METRICS_SNAPSHOT_INVALID where the bytes are none that `encode` gives. */
  static decode(bytes: Uint8Array): UserSketch {
    const sketch = new UserSketch();
    const [form] = bytes;
    if (
      form === forms.registers &&
      bytes.length === 1 + registerCount &&
      bytes.every((rank) => rank <= rankMax)
    ) {
      sketch.#hashes = undefined;
      sketch.#registers = bytes.slice(1);
      return sketch;
    }
    const count = (bytes.length - 1) / 8;
    if (form !== forms.hashes || !Number.isInteger(count) || count > exactMax) throw invalid(bytes.length);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let at = 0; at < count; at++) sketch.add(view.getBigUint64(1 + at * 8));
    if (sketch.count !== count) throw invalid(bytes.length);
    return sketch;
  }

  #fold(): void {
    const hashes = this.#hashes as Set<bigint>;
    this.#hashes = undefined;
    this.#registers = new Uint8Array(registerCount);
    for (const hash of hashes) this.add(hash);
  }
}

const forms = { hashes: 1, registers: 2 } as const;

function invalid(length: number): Error {
  return metricsError('METRICS_SNAPSHOT_INVALID', `Cannot read a sketch of users from ${length} bytes.`, {
    facts: { length },
  });
}
