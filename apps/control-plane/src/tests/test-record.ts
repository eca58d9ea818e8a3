import type { PlanOptions } from 'loadline/load';
import type { LoadTest } from '../contract/index.ts';

/** A load test as it is kept. */
export interface TestRecord extends Omit<LoadTest, 'positionInQueue'> {
  /** What was asked for besides the scenario. */
  readonly choice: PlanOptions;
  readonly idempotency?: Idempotency;
}

/** Who asked under which key, and for what, so that asking again gives the same test. */
export interface Idempotency {
  readonly keyId: string;
  readonly key: string;
  readonly fingerprint: string;
}

/** As the API shows it. Pure. */
export function viewOf(record: TestRecord, positionInQueue: number): LoadTest {
  const { choice: _, idempotency: __, ...test } = record;
  return positionInQueue > 0 ? { ...test, positionInQueue } : test;
}

/** Whether nothing more becomes of it. */
export function isOver({ state }: Pick<TestRecord, 'state'>): boolean {
  return state !== 'queued' && state !== 'running' && state !== 'cancelling';
}
