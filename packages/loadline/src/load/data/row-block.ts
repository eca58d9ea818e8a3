import { isBlankRange, type RecordFormat } from './record-format.ts';

/**
 * Some rows that stand one after the other. They are found as far as somebody asks, and read one by one. A
 * block is filled again and again, so that reading a file through makes no garbage but the values.
 */
export class RowBlock {
  readonly #format: RecordFormat;
  #number = -1;
  #bytes = Buffer.alloc(0);
  #length = 0;
  /** Where each row found so far begins and ends, two numbers a row. */
  readonly #edges: number[] = [];
  #foundTo = 0;

  constructor(format: RecordFormat) {
    this.#format = format;
  }

  /** Which block of the file it is filled with; -1 at first. */
  get number(): number {
    return this.#number;
  }

  /** Takes a copy of the bytes. */
  fill(number: number, bytes: Uint8Array): void {
    if (this.#bytes.length < bytes.length) this.#bytes = Buffer.allocUnsafeSlow(bytes.length);
    this.#bytes.set(bytes);
    this.#number = number;
    this.#length = bytes.length;
    this.#edges.length = 0;
    this.#foundTo = 0;
  }

  /** The values of a row, by its place within the block; none where it is not there. */
  row(index: number): readonly string[] {
    while (this.#edges.length <= 2 * index) if (!this.#findNext()) return [];
    const [start, end] = [this.#edges[2 * index], this.#edges[2 * index + 1]];
    return this.#format.valuesOf(this.#bytes, start as number, end as number);
  }

  #findNext(): boolean {
    const start = this.#foundTo;
    const end = this.#format.endOf(this.#bytes, start, this.#length);
    if (end < 0) return false;
    if (!isBlankRange(this.#bytes, start, end)) this.#edges.push(start, end);
    this.#foundTo = end;
    return true;
  }
}
