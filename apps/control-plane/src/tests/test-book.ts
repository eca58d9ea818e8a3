import { rm } from 'node:fs/promises';
import type { Documents } from '../memory/index.ts';
import { isOver, type TestRecord } from './test-record.ts';

/** Every test that is kept, in the order of time, at hand and remembered. */
export class TestBook {
  readonly #documents: Documents;
  readonly #folderOf: (id: string) => string;
  readonly #keptMax: number;
  readonly #records: Map<string, TestRecord>;
  readonly #onChange: (record: TestRecord) => void;
  #failures = 0;

  private constructor(options: TestBookOptions, records: readonly TestRecord[]) {
    this.#documents = options.documents;
    this.#folderOf = options.folderOf;
    this.#keptMax = options.keptMax;
    this.#onChange = options.onChange;
    this.#records = new Map(records.map((record) => [record.id, record]));
  }

  static async open(options: TestBookOptions): Promise<TestBook> {
    const stored = await options.documents.list('test');
    const records = stored.map(({ body }) => body as TestRecord);
    return new TestBook(
      options,
      records.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    );
  }

  get(id: string): TestRecord | undefined {
    return this.#records.get(id);
  }

  /** The oldest first. */
  all(): readonly TestRecord[] {
    return [...this.#records.values()];
  }

  /** How many changes could not be remembered; they are still at hand. */
  get failures(): number {
    return this.#failures;
  }

  /** Takes a new test up. It survives whatever comes once this has resolved. */
  async add(record: TestRecord): Promise<void> {
    await this.#documents.put('test', record.id, record);
    this.#records.set(record.id, record);
    this.#onChange(record);
    await this.#forgetOldest();
  }

  /** Changes what is at hand at once, and remembers it. */
  async change(id: string, change: Partial<TestRecord>): Promise<TestRecord> {
    const record = { ...(this.#records.get(id) as TestRecord), ...change };
    this.#records.set(id, record);
    this.#onChange(record);
    try {
      await this.#documents.put('test', id, record);
    } catch {
      this.#failures++;
    }
    return record;
  }

  /** Of what comes every second, not everything need survive. */
  changeAtHand(id: string, change: Partial<TestRecord>): void {
    const record = { ...(this.#records.get(id) as TestRecord), ...change };
    this.#records.set(id, record);
    this.#onChange(record);
  }

  async #forgetOldest(): Promise<void> {
    for (const record of this.#records.values()) {
      if (this.#records.size <= this.#keptMax) return;
      if (!isOver(record)) continue;
      this.#records.delete(record.id);
      await this.#documents.remove('test', record.id);
      await rm(this.#folderOf(record.id), { recursive: true, force: true });
    }
  }
}

export interface TestBookOptions {
  readonly documents: Documents;
  /** Where a test's scenario and report are. */
  readonly folderOf: (id: string) => string;
  /** So many are kept; the oldest that are over go first. */
  readonly keptMax: number;
  /** Hears of each change as soon as it is at hand. */
  readonly onChange: (record: TestRecord) => void;
}
